//! Load at a fixed pace: requests begin when they are due, whether or not earlier ones were answered, and an answer's time
//! counts from when its request was due.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::task::{JoinSet, LocalSet};

use crate::fault::{Fault, Result};
use crate::http::Connection;
use crate::load::{Plan, ask};

/// The 99th of a hundred answer times, in milliseconds, at `per_second` for `measured`.
pub async fn p99<P: Plan>(
    plan: &Rc<P>,
    port: u16,
    connections: usize,
    per_second: f64,
    measured: Duration,
) -> Result<f64> {
    let mut tasks = JoinSet::new();
    let all = LocalSet::new();
    let times = Rc::new(RefCell::new(Vec::new()));
    // Each connection has every n-th moment; one that is late catches up, and its lateness counts.
    let interval = Duration::from_secs_f64(f64::from(u32::try_from(connections).unwrap_or(1)) / per_second);
    let begin = Instant::now() + Duration::from_millis(50);
    for number in 0..connections {
        let mut connection = Connection::open(port).await?;
        let (plan, times) = (Rc::clone(plan), Rc::clone(&times));
        let offset = interval.mul_f64(number as f64 / connections as f64);
        tasks.spawn_local_on(
            async move {
                let mut due = begin + offset;
                while due < begin + measured {
                    // A timer's own lateness is not the server's; a connection that was still busy is.
                    let was_free = Instant::now() < due;
                    tokio::time::sleep_until(due.into()).await;
                    let sent = if was_free { Instant::now() } else { due };
                    ask(&*plan, &mut connection).await?;
                    times.borrow_mut().push(sent.elapsed());
                    due += interval;
                }
                Ok::<(), Fault>(())
            },
            &all,
        );
    }
    all.run_until(async move {
        while let Some(done) = tasks.join_next().await {
            done.map_err(|error| Fault::Unable(error.to_string()))??;
        }
        Ok::<(), Fault>(())
    })
    .await?;
    let mut times = times.take();
    times.sort_unstable();
    let place = (times.len() * 99 / 100).min(times.len().saturating_sub(1));
    times.get(place).map(|time| time.as_secs_f64() * 1000.0).ok_or_else(|| Fault::Unable("nothing was answered".into()))
}

//! Load: so many connections, each asking for the next thing as soon as it has its answer, every answer checked.

use std::borrow::Cow;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::task::{JoinSet, LocalSet};

use crate::fault::{Fault, Result};
use crate::http::{Answer, Connection};

/// How long the slowest answer may take beyond the end of a measure before it counts as none.
const PATIENCE: Duration = Duration::from_secs(30);

static RIGHT: AtomicU64 = AtomicU64::new(0);

/// How many answers were checked and found right in the whole run.
pub fn right_answers() -> u64 {
    RIGHT.load(Ordering::Relaxed)
}

/// What is asked, and what the right answer to it is.
pub trait Plan: 'static {
    /// What `check` needs to know of the request that it was the answer to.
    type Ticket: Copy;

    fn next(&self) -> (Self::Ticket, Cow<'_, [u8]>);

    /// Says what is wrong with an answer.
    fn check(&self, ticket: Self::Ticket, answer: &Answer<'_>) -> std::result::Result<(), &'static str>;

    /// Is done once, on a connection of its own, when half of the time has passed.
    async fn midway(&self) -> Result<()> {
        Ok(())
    }
}

/// One exchange of a plan, outside of any measure.
pub async fn ask<P: Plan>(plan: &P, connection: &mut Connection) -> Result<()> {
    let (ticket, request) = plan.next();
    let answer = connection.exchange(&request).await?;
    plan.check(ticket, &answer).map_err(|why| Fault::WrongAnswer(format!("{why}: {}", answer.describe())))?;
    RIGHT.fetch_add(1, Ordering::Relaxed);
    Ok(())
}

/// Answers per second over `measured`, after a warm-up of an eighth of that which is checked but not counted.
pub async fn rate<P: Plan>(plan: &Rc<P>, port: u16, connections: usize, measured: Duration) -> Result<f64> {
    let mut open = Vec::with_capacity(connections);
    for _ in 0..connections {
        open.push(Connection::open(port).await?);
    }
    let begin = Instant::now() + measured / 8;
    let end = begin + measured;
    let mut tasks = JoinSet::new();
    let all = LocalSet::new();
    for connection in open {
        tasks.spawn_local_on(drive(connection, Rc::clone(plan), begin, end), &all);
    }
    let at_half = Rc::clone(plan);
    tasks.spawn_local_on(
        async move {
            tokio::time::sleep_until((begin + measured / 2).into()).await;
            at_half.midway().await.map(|()| 0)
        },
        &all,
    );
    let finish = all.run_until(async move {
        let mut counted: u32 = 0;
        while let Some(done) = tasks.join_next().await {
            counted += done.map_err(|error| Fault::Unable(error.to_string()))??;
        }
        Ok::<u32, Fault>(counted)
    });
    let counted = tokio::time::timeout_at((end + PATIENCE).into(), finish)
        .await
        .map_err(|_| Fault::WrongAnswer(format!("none within {} s", PATIENCE.as_secs())))??;
    Ok(f64::from(counted) / measured.as_secs_f64())
}

async fn drive<P: Plan>(mut connection: Connection, plan: Rc<P>, begin: Instant, end: Instant) -> Result<u32> {
    let mut counted = 0;
    loop {
        ask(&*plan, &mut connection).await?;
        let now = Instant::now();
        if now >= end {
            return Ok(counted);
        }
        if now >= begin {
            counted += 1;
        }
    }
}

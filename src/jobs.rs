//! What happens without a request: every node asks what has changed and delivers the outbox; one node, the leader, rotates keys and sweeps.

mod deliver;
mod farewell;
mod lead;
mod next_attempt;
mod sweep;
mod watch;

use std::time::Duration;

use tokio::sync::watch as signal;
use tokio::task::JoinHandle;

use crate::app::App;

pub use sweep::{Swept, sweep};

/// The jobs of a node that serves.
pub struct Jobs {
    stop: signal::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Jobs {
    pub fn start(app: &App) -> Self {
        let (stop, stopped) = signal::channel(false);
        let tasks = vec![
            tokio::spawn(watch::watch(app.clone(), stopped.clone())),
            tokio::spawn(deliver::deliver(app.clone(), stopped.clone())),
            tokio::spawn(farewell::farewell(app.clone(), stopped.clone())),
            tokio::spawn(lead::lead(app.clone(), stopped)),
        ];
        Self { stop, tasks }
    }

    /// Ends the jobs; the leader hands its lease back, so that another node need not wait for it.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        for task in self.tasks {
            let _ = task.await;
        }
    }
}

/// Waits, or returns `false` at once when the jobs stop.
async fn pause(duration: Duration, stopped: &mut signal::Receiver<bool>) -> bool {
    tokio::select! {
        () = tokio::time::sleep(duration) => true,
        _ = stopped.wait_for(|stop| *stop) => false,
    }
}

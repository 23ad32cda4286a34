//! The contracts of the doors: what the store and the cache promise, held by whatever stands behind them.

pub mod database;

mod cache;
mod store;

/// Runs each story on a fresh SQLite file and on a fresh Postgres database.
macro_rules! on_both_databases {
    ($($story:ident)+) => {
        $(mod $story {
            use $crate::contract::database::Fresh;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                super::$story(&Fresh::sqlite()).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                super::$story(&Fresh::postgres().await).await;
            }
        })+
    };
}

pub(crate) use on_both_databases;

use std::sync::Arc;
use std::time::Duration;

use countersign::time::UnixTime;
use tokio::sync::Barrier;

/// Any moment will do: no test depends on when it runs.
pub const NOW: UnixTime = UnixTime::from_seconds(1_800_000_000);

/// How long any test waits for what must come.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Waits until `condition` holds.
pub async fn eventually(what: &str, condition: impl AsyncFnMut() -> bool) {
    crate::harness::within(PATIENCE, what, condition).await;
}

/// Lets everybody take the same step at the same moment, and returns what each got.
pub async fn race<T, R>(racers: Vec<R>) -> Vec<T>
where
    T: Send + 'static,
    R: Future<Output = T> + Send + 'static,
{
    let start = Arc::new(Barrier::new(racers.len()));
    let tasks: Vec<_> = racers
        .into_iter()
        .map(|racer| {
            let start = Arc::clone(&start);
            tokio::spawn(async move {
                start.wait().await;
                racer.await
            })
        })
        .collect();
    let mut results = Vec::new();
    for task in tasks {
        let result = tokio::time::timeout(PATIENCE, task).await.expect("every racer arrives");
        results.push(result.expect("no racer falls"));
    }
    results
}

/// How many of them are `wanted`.
pub fn count<T: PartialEq>(results: &[T], wanted: &T) -> usize {
    results.iter().filter(|result| *result == wanted).count()
}

//! SQLite's one writer. What is queued together is committed together, so that many requests share one sync of the disk;
//! each request's statements are a savepoint of their own, so that one that fails takes nobody with it. One statement needs
//! none: SQLite undoes a statement that fails.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use diesel::connection::AnsiTransactionManager;
use diesel::result::Error as DieselError;
use diesel_async::{AsyncConnection, TransactionManager};
use futures_util::FutureExt;
use tokio::sync::oneshot;

use super::sqlite_checkpoints::Checkpoints;
use super::{SqliteConnection, StoreError, StoreResult};

/// How many requests may wait for the writer; one more is told to come back.
const QUEUE: usize = 4096;
/// How many share one commit.
const GROUP: usize = 256;
/// How long more may join a group, when requests come faster than the disk takes them one by one.
const JOINING: Duration = Duration::from_millis(2);
/// How long to leave the file to another process before asking for it again.
const PAUSE: Duration = Duration::from_millis(5);

type Transactions = <SqliteConnection as AsyncConnection>::TransactionManager;

#[derive(Clone)]
pub struct Writer {
    queue: SyncSender<Box<dyn Job>>,
}

impl Writer {
    /// Gives `connection` a thread. It ends when the last handle is dropped and the queue is empty.
    pub fn start(connection: SqliteConnection, checkpoints: Checkpoints, patience: Duration) -> std::io::Result<Self> {
        let (queue, jobs) = sync_channel(QUEUE);
        thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || work(connection, &jobs, checkpoints, patience))?;
        Ok(Self { queue })
    }

    /// Runs `body`, which is `statements`, on the writer's thread and answers once it is on disk.
    pub async fn run<R, F>(&self, statements: Statements, body: F) -> StoreResult<R>
    where
        F: AsyncFnOnce(&mut SqliteConnection) -> StoreResult<R> + Send + 'static,
        R: Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job = Queued { statements, body: Some(body), result: None, answer, since: Instant::now() };
        self.queue.try_send(Box::new(job)).map_err(|error| match error {
            TrySendError::Full(_) => StoreError::Busy("the writer's queue is full".to_owned()),
            TrySendError::Disconnected(_) => StoreError::Broken("the writer has ended".to_owned()),
        })?;
        answered.await.unwrap_or_else(|_| Err(StoreError::Broken("the writer has ended".to_owned())))
    }
}

/// How many statements a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statements {
    One,
    Several,
}

/// A request's statements, whatever they return.
trait Job: Send {
    /// How long it has waited.
    fn waited(&self) -> Duration;
    fn run(&mut self, connection: &mut SqliteConnection);
    /// Tells the request its result, which counts only if the group was committed.
    fn settle(self: Box<Self>, committed: StoreResult<()>);
}

struct Queued<F, R> {
    statements: Statements,
    body: Option<F>,
    result: Option<StoreResult<R>>,
    answer: oneshot::Sender<StoreResult<R>>,
    since: Instant,
}

impl<F, R> Job for Queued<F, R>
where
    F: AsyncFnOnce(&mut SqliteConnection) -> StoreResult<R> + Send + 'static,
    R: Send + 'static,
{
    fn waited(&self) -> Duration {
        self.since.elapsed()
    }

    fn run(&mut self, connection: &mut SqliteConnection) {
        let Some(body) = self.body.take() else { return };
        self.result = Some(match self.statements {
            Statements::One => at_once(body(connection)),
            Statements::Several => at_once(async {
                Transactions::begin_transaction(connection).await?;
                let result = body(connection).await;
                super::end(connection, result).await
            }),
        });
    }

    fn settle(self: Box<Self>, committed: StoreResult<()>) {
        let result = match committed {
            Ok(()) => self.result.unwrap_or_else(|| Err(StoreError::Broken("a write was skipped".to_owned()))),
            Err(error) => Err(error),
        };
        // The request may have gone away meanwhile; what it wrote stays written.
        let _ = self.answer.send(result);
    }
}

fn work(
    mut connection: SqliteConnection,
    jobs: &Receiver<Box<dyn Job>>,
    mut checkpoints: Checkpoints,
    patience: Duration,
) {
    let mut waiting = None;
    let mut is_busy = false;
    while let Some(first) = waiting.take().or_else(|| jobs.recv().ok()) {
        // A sync costs as much for many as for one. Whoever comes alone does not wait.
        if is_busy {
            thread::sleep(JOINING);
        }
        if let Err(error) = begin(&mut connection, patience.saturating_sub(first.waited())) {
            first.settle(Err(error.clone()));
            waiting = turn_away(jobs, patience, &error);
            continue;
        }
        let mut group = vec![first];
        let mut done = 0;
        while done < group.len() {
            group[done].run(&mut connection);
            done += 1;
            if group.len() < GROUP
                && let Ok(next) = jobs.try_recv()
            {
                group.push(next);
            }
        }
        is_busy = group.len() > 1;
        let committed = commit(&mut connection, patience);
        checkpoints.after(group.len());
        for job in group {
            job.settle(committed.clone());
        }
    }
}

/// Gives up on those that have waited long enough too, because nobody should wait for the time of those before them as
/// well. Returns the first one that has time left.
fn turn_away(jobs: &Receiver<Box<dyn Job>>, patience: Duration, error: &StoreError) -> Option<Box<dyn Job>> {
    while let Ok(next) = jobs.try_recv() {
        if next.waited() < patience {
            return Some(next);
        }
        next.settle(Err(error.clone()));
    }
    None
}

/// Waits for the file as long as another process may hold it: a command, or a second server on the same file.
fn begin(connection: &mut SqliteConnection, patience: Duration) -> StoreResult<()> {
    retry(patience, || {
        at_once(async {
            Ok(connection
                .spawn_blocking(|c| AnsiTransactionManager::begin_transaction_sql(c, "BEGIN IMMEDIATE"))
                .await?)
        })
    })
}

fn commit(connection: &mut SqliteConnection, patience: Duration) -> StoreResult<()> {
    let result = retry(patience, || at_once(async { Ok(Transactions::commit_transaction(connection).await?) }));
    if result.is_err() {
        // Without this the next BEGIN would find the failed one still open.
        let _ = at_once(async { Ok::<_, StoreError>(Transactions::rollback_transaction(connection).await?) });
    }
    result
}

fn retry(patience: Duration, mut attempt: impl FnMut() -> StoreResult<()>) -> StoreResult<()> {
    let started = Instant::now();
    loop {
        match attempt() {
            Err(StoreError::Busy(_)) if started.elapsed() < patience => thread::sleep(PAUSE),
            result => return result,
        }
    }
}

/// Every statement of this connection runs inline, so its futures never wait.
fn at_once<R>(future: impl Future<Output = StoreResult<R>>) -> StoreResult<R> {
    future.now_or_never().unwrap_or_else(|| Err(StoreError::from(DieselError::BrokenTransactionManager)))
}

//! Carries what SQLite's log holds into the file, on a thread and a connection of its own. A checkpoint writes to many places of
//! the file and waits for the disk; the writer goes on meanwhile.

use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use diesel_async::SimpleAsyncConnection;
use futures_util::FutureExt;

use super::SqliteConnection;

/// Writes after which a checkpoint is due: some thousand pages.
const EVERY: usize = 250;

/// Pages in the log from which on the writer carries over by itself what is left. While others write, a checkpoint never gets
/// to the end of the log; without this it would grow for ever.
pub const LAST_RESORT: &str = "PRAGMA wal_autocheckpoint = 16000;";

/// Asks for a checkpoint now and then.
pub struct Checkpoints {
    due: SyncSender<()>,
    writes: usize,
}

impl Checkpoints {
    /// Gives `connection` a thread. It ends with the writer.
    pub fn start(connection: SqliteConnection) -> std::io::Result<Self> {
        let (due, asked) = sync_channel(1);
        thread::Builder::new().name("sqlite-checkpoints".to_owned()).spawn(move || {
            let mut connection = connection;
            while asked.recv().is_ok() {
                let done = connection.batch_execute("PRAGMA wal_checkpoint(PASSIVE)").now_or_never();
                if let Some(Err(error)) = done {
                    tracing::warn!(%error, "the log of the database could not be carried into its file; it is kept, and grows");
                }
            }
        })?;
        Ok(Self { due, writes: 0 })
    }

    /// So many writes more were committed.
    pub fn after(&mut self, writes: usize) {
        self.writes += writes;
        // While one is asked for already, or the thread is gone, the next writes ask again.
        if self.writes >= EVERY && self.due.try_send(()).is_ok() {
            self.writes = 0;
        }
    }
}

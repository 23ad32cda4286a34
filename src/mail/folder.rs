//! Mail on a developer's machine: one file per letter, for nobody else to read.

use std::io;
use std::path::PathBuf;

use super::{Reason, Undelivered};
use crate::private_files;
use crate::time::UnixTime;

pub struct Folder(PathBuf);

impl Folder {
    pub fn new(path: PathBuf) -> Self {
        Self(path)
    }

    pub fn name(&self) -> String {
        format!("mail is written to {}", self.0.display())
    }

    pub async fn write(&self, id: &str, message: Vec<u8>, now: UnixTime) -> Result<(), Undelivered> {
        let (folder, name) = (self.0.clone(), format!("{}-{id}.eml", now.to_rfc3339().replace(':', "")));
        let path = folder.join(name);
        let file = path.display().to_string();
        let written = tokio::task::spawn_blocking(move || {
            private_files::make_folder(&folder)?;
            match private_files::write_new(&path, &message) {
                // It came twice.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
                result => result,
            }
        })
        .await;
        match written.unwrap_or_else(|error| Err(io::Error::other(error))) {
            Ok(()) => {
                tracing::info!(file, "a letter was written");
                Ok(())
            }
            Err(error) => Err(Undelivered::new(Reason::Folder, format!("{file}: {error}"))),
        }
    }
}

//! The operator's folder: what is in it takes the place of what is built in.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::PagesError;

/// Larger is no logo, and no template either.
const LARGEST: u64 = 1024 * 1024;

/// The endings of what is meant for pages; pictures are read by name.
const MEANT: [&str; 3] = [".html", ".css", ".toml"];

#[derive(Default)]
pub struct Folder {
    path: PathBuf,
    files: Vec<(String, String)>,
}

impl Folder {
    pub fn read(path: &Path) -> Result<Self, PagesError> {
        let mut files = Vec::new();
        for entry in fs::read_dir(path).map_err(|error| about(path, &error))? {
            let entry = entry.map_err(|error| about(path, &error))?.path();
            let name = entry.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            if MEANT.iter().any(|ending| name.ends_with(ending)) {
                let text = String::from_utf8(bytes(&entry)?);
                let text = text.map_err(|_| PagesError(format!("{}: it is not UTF-8", entry.display())))?;
                files.push((name, text));
            }
        }
        files.sort();
        Ok(Self { path: path.to_owned(), files })
    }

    /// A file, which is used by that.
    pub fn take(&mut self, name: &str) -> Option<String> {
        let place = self.files.iter().position(|(other, _)| other == name)?;
        Some(self.files.remove(place).1)
    }

    /// The files of an ending, by what stands before it.
    pub fn take_all(&mut self, ending: &str) -> Vec<(String, String)> {
        let (taken, left): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.files).into_iter().partition(|(name, _)| name.ends_with(ending));
        self.files = left;
        taken.into_iter().map(|(name, text)| (name.trim_end_matches(ending).to_owned(), text)).collect()
    }

    pub fn picture(&self, name: &str) -> Result<Vec<u8>, PagesError> {
        bytes(&self.path.join(name))
    }

    /// A file that nothing has used is misspelt, and would be missed.
    pub fn finish(&self) -> Result<(), PagesError> {
        match self.files.first() {
            None => Ok(()),
            Some((name, _)) => {
                let names: Vec<_> = super::templates::names().collect();
                let path = self.path.join(name);
                Err(PagesError(format!("{} is no template: there are {}", path.display(), names.join(", "))))
            }
        }
    }
}

fn bytes(path: &Path) -> Result<Vec<u8>, PagesError> {
    let length = fs::metadata(path).map_err(|error| about(path, &error))?.len();
    if length > LARGEST {
        return Err(PagesError(format!("{} is larger than {LARGEST} bytes", path.display())));
    }
    fs::read(path).map_err(|error| about(path, &error))
}

fn about(path: &Path, error: &io::Error) -> PagesError {
    PagesError(format!("{}: {error}", path.display()))
}

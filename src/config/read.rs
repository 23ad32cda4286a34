//! How settings are declared, found, read and explained; the sections beside this file say which there are.

mod declare;
mod dotenv;
mod faults;
mod given;
mod layers;
mod suggest;
mod toml_file;

pub mod rule;

pub(in crate::config) use declare::{Declared, Origins, Reader, Section, section};
pub use faults::Faults;
pub(in crate::config) use layers::Gathered;
pub use layers::Sources;

//! The audit log: every act that matters to security, who did it, to what, from where, and how it ended. An act is
//! written in its own transaction; what is personal in it is kept apart, so that it can be erased.

mod canonical;
mod chain;
mod entry;
mod reference;
mod seal;
mod shown;
mod trim;
mod verify;

pub use chain::Head;
pub use entry::{Actor, By, Entry, Origin};
pub use reference::reference;
pub use seal::seal;
pub use shown::Shown;
pub use trim::{sweep_personal_data, trim};
pub use verify::{Damage, Report, verify};

pub use crate::store::audit::Act;

//! The people who sign in.

pub mod administer;
pub mod browser;
pub mod claims;
pub mod details;
pub mod first;
mod governed;
mod guess;
pub mod import;
mod letters;
pub mod names;
mod pace;
pub mod policy;
pub mod profile;
pub mod recovery;
mod register;
pub mod roles;
pub mod sessions;
mod shown;
mod sign_in;

pub use governed::{Governed, Session, governed, governed_each};
pub use register::{Registered, register};
pub use shown::{Shown, shown};
pub use sign_in::{SignedIn, sign_in};

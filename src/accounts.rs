//! The people who sign in.

pub mod administer;
pub mod browser;
pub mod claims;
pub mod consents;
pub mod details;
pub mod elsewhere;
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

pub use governed::{Governed, Session, SessionKind, governed, governed_each};
pub use register::{Registered, must_be_open, register};
pub use shown::{Shown, shown};
pub use sign_in::{Means, SignedIn, sign_in};

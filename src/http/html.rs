//! Pages for people, usable without scripts: what the links in letters lead to, and what is asked before a client gets a
//! code. A look at a page changes nothing, because programs that scan mail look at every link; only its button does.

mod account;
mod devices;
mod elsewhere;
mod form_post;
mod forms;
mod links;
mod logo;
mod questions;
mod register;
mod render;
mod sign_in;
mod sign_out;
mod way;

pub use account::account;
pub use elsewhere::elsewhere;
pub use form_post::form_post;
pub use links::pages;
pub use logo::logo;
pub use questions::questions;
pub use render::failed;
pub use sign_out::{sign_out, signed_out};

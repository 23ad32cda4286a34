//! Pages for people, rendered here and usable without scripts: what the links in letters lead to, and what is asked before a
//! client gets a code. A look at a page changes nothing, because programs that scan mail look at every link; only its button
//! does.

mod form_post;
mod forms;
mod links;
mod questions;
mod render;

pub use form_post::form_post;
pub use links::pages;
pub use questions::questions;
pub use render::failed;

//! Pages for people, rendered here and usable without scripts: what the links in letters lead to. A look at a page changes
//! nothing, because programs that scan mail look at every link; only its button does.

mod links;
mod render;

pub use links::pages;
pub use render::failed;

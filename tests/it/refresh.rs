//! Refresh tokens (RFC 6749 §6): each is good once, and one answer that was lost is no harm.

mod ending;
mod introspection;
mod lifetimes;
mod narrowing;
mod racers;
mod retry;
mod reuse;
mod sealed;

use crate::harness::{Backend, Persona, User, World};

/// A world with somebody in it who signs in at an app.
async fn people(backend: Backend) -> (World, Persona, User) {
    people_with(backend, |_| ()).await
}

async fn people_with(
    backend: Backend,
    settings: impl FnOnce(&mut countersign::config::Config),
) -> (World, Persona, User) {
    let world = backend.world_with(settings).await;
    let (app, user) = (world.app(|_| ()).await, world.user("ann").await);
    (world, app, user)
}

//! What is counted and refused: told of the limits themselves, with whole servers behind them.

mod answers;
mod counts;
mod sign_in;

use countersign::config::Config;

use crate::harness::{Backend, World};

/// A world in which limits are on, as they are by default.
async fn limited(backend: Backend, settings: impl FnOnce(&mut Config)) -> World {
    let settings = |config: &mut Config| {
        config.limits.enabled = true;
        settings(config);
    };
    backend.world_with(settings).await
}

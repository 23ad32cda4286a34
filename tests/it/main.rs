//! The tests: stories told from outside, in one binary. `scripts/test` starts what they need.

mod configuration;
mod contract;
mod keyring;
mod listener;
mod protocol;
mod secret;
mod time;

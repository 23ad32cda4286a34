//! The tests: stories told from outside, in one binary. `scripts/test` starts what they need.

mod configuration;
mod contract;
mod degraded;
mod discovery;
mod harness;
mod health;
mod introspection;
mod jwks;
mod keyring;
mod listener;
mod logs;
mod metrics;
mod openapi;
mod process;
mod protocol;
mod refusals;
mod revocation;
mod secret;
mod tidy;
mod time;
mod token;
mod verification;
mod whole_log;

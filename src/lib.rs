//! Countersign: an OAuth 2 / OpenID Connect authorization server.
//!
//! A request enters through `http`, is read into `protocol` words, its client proves itself, a grant decides, `tokens` says
//! the claims, the `keyring` signs them, the `store` settles it, and protocol words go back out. The modules below stand
//! in the order of their levels; each imports only from the levels above its own line, and `tests/it/tidy.rs` checks that.

// Level 0: words. No async, IO, clock or randomness, but for the one clock and the one source of random numbers.
pub mod protocol;
pub mod secret;
pub mod time;

// Level 1: doors. Each hides exactly one outside thing.
pub mod breaker;
pub mod cache;
pub mod config;
pub mod directory;
pub mod hosts;
pub mod key_sets;
pub mod keyring;
pub mod mail;
pub mod observe;
pub mod pages;
pub mod passwords;
pub mod private_files;
pub mod provider;
pub mod remembered;
pub mod remote;
pub mod store;
pub mod tls;

pub mod app;

// Level 2: decisions. They know no HTTP type.
pub mod accounts;
pub mod audit;
pub mod authority;
pub mod authorize;
pub mod clients;
pub mod failure;
pub mod grants;
pub mod jobs;
pub mod limits;
pub mod logout;
pub mod outbox;
pub mod scopes;
pub mod tokens;
pub mod upstreams;

// Level 3: faces.
pub mod cli;
pub mod http;

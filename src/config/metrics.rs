//! The settings of the metrics and of the details in health answers.

use ipnet::IpNet;

use super::read::rule::{List, Optional, network, text};
use super::read::section;

section! {
    /// Who may read `/metrics` and the state of each dependency, besides this machine itself.
    "metrics" => Metrics {
        /// The networks from which everybody may.
        networks: Vec<IpNet> = Vec::new(), List(network());
        /// The scope of an access token that may from anywhere.
        scope: Option<String> = Some("countersign:metrics".to_owned()), Optional(text("one scope", is_scope));
    }
}

/// RFC 6749 §3.3: one scope-token.
fn is_scope(text: &str) -> bool {
    text.len() <= 256
        && !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"\\".contains(&byte))
}

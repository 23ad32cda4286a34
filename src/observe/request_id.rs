//! The id of one request: in its log lines, in its error answer and in its X-Request-Id header.

use std::fmt;
use std::sync::Arc;

use crate::secret;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(Arc<str>);

impl RequestId {
    pub fn fresh() -> Self {
        Self(secret::random_id().into())
    }

    /// An id that somebody else gave: 1 to 64 characters that are harmless in a log line and in a header.
    pub fn given(text: &str) -> Option<Self> {
        let harmless = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        ((1..=64).contains(&text.len()) && text.bytes().all(harmless)).then(|| Self(text.into()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

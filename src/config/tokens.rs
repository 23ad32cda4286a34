//! The settings of tokens.

use super::read::rule::whole;
use super::read::section;

section! {
    /// How long tokens live.
    "tokens" => Tokens {
        /// How many minutes an access token lives unless its client has a lifetime of its own.
        access_minutes: u32 = 15, whole(1..=1_440), "ACCESS_TOKEN_EXPIRE_MINUTES";
    }
}

impl Tokens {
    /// Signed, because the clock counts so.
    pub fn access_seconds(&self) -> i64 {
        i64::from(self.access_minutes) * 60
    }
}

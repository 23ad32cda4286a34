//! The settings of clients that register themselves.

use super::read::rule::{Flag, whole};
use super::read::section;

section! {
    /// Which clients may register themselves at `/oauth2/register`.
    "registration" => Registration {
        /// Whether it takes no token. With `countersign registration token create` there are tokens by which it can be done
        /// anyway.
        open: bool = false, Flag;
        /// After how many days a client that registered itself is removed, if nobody ever signed in at it.
        unused_days: u32 = 30, whole(1..=3_650);
    }
}

impl Registration {
    pub fn unused_seconds(&self) -> i64 {
        i64::from(self.unused_days) * 86_400
    }
}

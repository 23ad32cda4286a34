//! The settings of browsers' sessions.

use super::read::rule::whole;
use super::read::section;

section! {
    /// How long people stay signed in with a browser.
    "sessions" => Sessions {
        /// After how many minutes without use somebody has to sign in again.
        idle_minutes: u32 = 720, whole(1..=43_200);
        /// After how many hours somebody has to sign in again, however often the session was used.
        absolute_hours: u32 = 168, whole(1..=8_760);
    }
}

impl Sessions {
    pub fn idle_seconds(&self) -> i64 {
        i64::from(self.idle_minutes) * 60
    }

    pub fn absolute_seconds(&self) -> i64 {
        i64::from(self.absolute_hours) * 3_600
    }
}

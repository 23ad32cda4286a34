//! The settings of tokens.

use super::read::rule::{Flag, whole};
use super::read::section;

section! {
    /// How long tokens live.
    "tokens" => Tokens {
        /// How many minutes an access token lives unless its client has a lifetime of its own.
        access_minutes: u32 = 15, whole(1..=1_440), "ACCESS_TOKEN_EXPIRE_MINUTES";
        /// How many minutes an ID token lives.
        id_minutes: u32 = 15, whole(1..=1_440);
        /// After how many days without use a refresh token is no longer good.
        refresh_idle_days: u32 = 7, whole(1..=3_650), "REFRESH_TOKEN_EXPIRE_DAYS";
        /// After how many days a user has to sign in again, however often the refresh token was used.
        refresh_absolute_days: u32 = 30, whole(1..=3_650);
        /// For how many seconds a client that lost the answer to a refresh may ask again and get the same refresh token;
        /// 0 takes every second use for theft.
        refresh_retry_seconds: u32 = 10, whole(0..=300);
        /// Whether a sign-in ends the user's other sign-ins.
        single_session: bool = false, Flag;
    }
}

impl Tokens {
    /// Signed, because the clock counts so.
    pub fn access_seconds(&self) -> i64 {
        i64::from(self.access_minutes) * 60
    }

    pub fn id_seconds(&self) -> i64 {
        i64::from(self.id_minutes) * 60
    }

    pub fn refresh_idle_seconds(&self) -> i64 {
        i64::from(self.refresh_idle_days) * 86_400
    }

    pub fn refresh_absolute_seconds(&self) -> i64 {
        i64::from(self.refresh_absolute_days) * 86_400
    }
}

//! The settings of what is counted and refused.

use super::read::rule::{Flag, whole};
use super::read::section;

section! {
    /// How often something may be tried before the answer is 429.
    "limits" => Limits {
        /// Whether there are limits, delays and automatic locks at all. An account that an administrator locked stays so.
        enabled: bool = true, Flag;
        /// Wrong passwords in a minute for one account from one address (IPv6: from one /64).
        failed_logins_per_minute: u32 = 5, whole(1..=1_000_000);
        /// How many seconds one account waits at most, at one address, after each further wrong password; the wait
        /// doubles from one second.
        longest_wait_seconds: u32 = 30, whole(0..=3_600);
        /// Wrong passwords, without a right one between them, after which one account is locked at one address; 0 never locks.
        lock_after: u32 = 10, whole(0..=1_000_000);
        /// For how many minutes.
        lock_minutes: u32 = 15, whole(1..=10_080);
        /// How many milliseconds a login is held back at most while its account is tried from anywhere; 0 holds none back.
        longest_slow_down_milliseconds: u32 = 3_000, whole(0..=10_000);
        /// Registrations in an hour from one address; whoever wants to have another username counts as one.
        registrations_per_hour: u32 = 3, whole(1..=1_000_000);
        /// Clients that may register themselves in an hour from one address, where that takes no token.
        clients_per_hour: u32 = 10, whole(1..=1_000_000);
        /// Calls of `/api/v1` in a minute by one caller: a user at a client, however often signed in, or a service.
        api_calls_per_minute: u32 = 100, whole(1..=1_000_000);
        /// Mails in an hour that one address may ask for; and those of one kind that may be asked for one account.
        mails_per_hour: u32 = 5, whole(1..=1_000_000);
    }
}

impl Limits {
    pub fn lock_seconds(&self) -> i64 {
        i64::from(self.lock_minutes) * 60
    }
}

//! The settings of people's accounts.

use super::read::rule::{Flag, whole};
use super::read::section;

section! {
    /// Who may have an account, and what it takes.
    "accounts" => Accounts {
        /// Whether people may register themselves, at `/register` and `/api/v1/auth/register`.
        registration: bool = true, Flag;
        /// Whether an address must be confirmed before its user can sign in. With this, registering signs nobody in, and
        /// tells nobody which addresses are known.
        require_verified_email: bool = false, Flag;
        /// For how many hours the link in a letter that confirms an address is good. Where addresses must be confirmed, an
        /// account that nobody confirmed is forgotten then.
        verification_hours: u32 = 24, whole(1..=720);
        /// For how many minutes the link in a letter that resets a password is good.
        reset_minutes: u32 = 60, whole(5..=1_440);
        /// How many bytes the profile document of a user may have.
        profile_bytes: u32 = 16_384, whole(0..=65_536);
    }
}

impl Accounts {
    pub fn verification_seconds(&self) -> i64 {
        i64::from(self.verification_hours) * 3_600
    }

    pub fn reset_seconds(&self) -> i64 {
        i64::from(self.reset_minutes) * 60
    }
}

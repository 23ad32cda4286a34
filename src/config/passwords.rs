//! The settings of passwords.

use super::read::rule::{Flag, Optional, whole};
use super::read::section;

section! {
    /// How passwords are hashed, and which ones people may choose.
    "passwords" => Passwords {
        /// How many KiB of memory the computation of one password fills. Less than 19456 is for tests.
        memory_kib: u32 = 19_456, whole(64..=1_048_576);
        /// How many times it passes over that memory.
        passes: u32 = 2, whole(1..=100);
        /// In how many lanes the memory is divided.
        lanes: u32 = 1, whole(1..=16);
        /// How many passwords are computed at once, each in a thread and in memory of its own. Without it: one per core.
        threads: Option<usize> = None, Optional(whole(1..=256));
        /// How many passwords may wait for that; more are answered 503.
        queue: usize = 64, whole(1..=10_000);
        /// How many KiB of memory an imported hash may need.
        max_memory_kib: u32 = 131_072, whole(64..=4_194_304);
        /// How many milliseconds an imported hash may take, by the estimate for an ordinary core.
        max_milliseconds: u64 = 1_000, whole(1..=60_000);
        /// How many bytes a password has at least.
        min_length: usize = 8, whole(8..=64);
        /// How many bytes a password has at most.
        max_length: usize = 1_024, whole(64..=1_024);
        /// How many kinds of characters a password has at least, out of small letters, capital letters, digits and others.
        classes: usize = 0, whole(0..=4);
        /// Whether the most common passwords are refused.
        refuse_common: bool = true, Flag;
    }
}

impl Passwords {
    /// The key that is wrong beside another one, and why.
    pub(super) fn contradiction(&self) -> Option<(&'static str, &'static str)> {
        if self.memory_kib < self.lanes * 8 {
            Some(("passwords.memory_kib", "must be at least 8 for each of passwords.lanes"))
        } else if self.max_memory_kib < self.memory_kib {
            Some(("passwords.max_memory_kib", "must be at least passwords.memory_kib"))
        } else {
            None
        }
    }
}

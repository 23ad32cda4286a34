//! The settings of the audit log.

use super::read::rule::whole;
use super::read::section;

section! {
    /// What was done by whom: how it is sealed, and how long it is kept.
    "audit" => Audit {
        /// After how many seconds an act is sealed at the latest: so long nobody would see that it was removed.
        seal_seconds: u32 = 60, whole(1..=3_600);
        /// For how many days acts are kept; 0 is for ever. They go up to a day later, and leave a signed checkpoint.
        retention_days: u32 = 365, whole(0..=36_500);
        /// For how many days addresses, devices and typed names are kept, and no longer than the acts; 0 is as long as
        /// those.
        personal_days: u32 = 90, whole(0..=36_500);
    }
}

impl Audit {
    /// How long acts are kept, if not for ever.
    pub fn retention_seconds(&self) -> Option<i64> {
        seconds(self.retention_days)
    }

    /// How long what is personal in them is kept, if not for ever.
    pub fn personal_seconds(&self) -> Option<i64> {
        [seconds(self.personal_days), self.retention_seconds()].into_iter().flatten().min()
    }
}

fn seconds(days: u32) -> Option<i64> {
    (days > 0).then_some(i64::from(days) * 86_400)
}

//! The settings of the cache.

use std::path::PathBuf;

use super::read::rule::{Optional, Secret, masked_url, path, secret, text, whole};
use super::read::section;
use crate::secret::Setting;

section! {
    /// Where copies of rows and rate counters are kept.
    "cache" => Cache {
        /// The URL of a Redis server that all nodes share; `rediss://` is TLS. Without it: the memory of this process.
        url: Option<Setting> = None, Optional(URL), "REDIS_URL";
        /// The password for Redis; it takes the place of one in the URL.
        password: Option<Setting> = None, Optional(secret("a password", |text| !text.is_empty())), "REDIS_PASSWORD";
        /// How long Redis may take to answer before the store is asked instead.
        timeout_milliseconds: u64 = 250, whole(1..=10_000);
        /// What every key in Redis begins with, so that several installations can share one.
        prefix: String = "countersign".to_owned(), text("1 to 64 letters, digits and -._", is_prefix);
        /// How many entries the memory of this process holds.
        memory_entries: usize = 10_000, whole(16..=10_000_000);
        /// A PEM file with the authorities that may vouch for Redis's certificate. Without it: the system's.
        tls_ca: Option<PathBuf> = None, Optional(path());
    }
}

impl Cache {
    /// The key that is wrong by itself though each of its items is right, and why.
    pub(super) fn contradiction(&self) -> Option<(&'static str, &'static str)> {
        let encrypted = self.url.as_ref().is_some_and(|url| url.reveal().starts_with("rediss://"));
        (self.tls_ca.is_some() && !encrypted)
            .then_some(("cache.tls_ca", "must come with a cache.url that begins with rediss://"))
    }
}

const URL: Secret = Secret {
    accepts: "redis://HOST:PORT or rediss://HOST:PORT",
    good: |url| {
        let scheme = url.starts_with("redis://") || url.starts_with("rediss://");
        scheme && url::Url::parse(url).is_ok_and(|url| url.has_host())
    },
    visible: masked_url,
};

fn is_prefix(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
}

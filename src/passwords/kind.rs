//! The kinds of stored passwords: an algorithm with its parameters, what it costs, and its short text.

use std::fmt;

use argon2::{Algorithm, Version};
use phc::ParamsString;

use crate::config;

/// An algorithm with its parameters. Two hashes of one kind cost the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Argon2 { algorithm: Algorithm, version: Version, memory_kib: u32, passes: u32, lanes: u32 },
    Bcrypt { cost: u32 },
    Pbkdf2 { digest: Digest, rounds: u32 },
    Scrypt { log_n: u32, block: u32, lanes: u32 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Digest {
    Sha256,
    Sha512,
}

impl Digest {
    pub const fn length(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "pbkdf2-sha256",
            Self::Sha512 => "pbkdf2-sha512",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        [Self::Sha256, Self::Sha512].into_iter().find(|digest| digest.name() == name)
    }
}

impl Kind {
    /// What new passwords are hashed by.
    pub const fn own(settings: &config::Passwords) -> Self {
        let config::Passwords { memory_kib, passes, lanes, .. } = *settings;
        Self::Argon2 { algorithm: Algorithm::Argon2id, version: Version::V0x13, memory_kib, passes, lanes }
    }

    /// Out of the name, version and parameters of a PHC string.
    pub fn of_phc(name: &str, version: Option<u32>, params: &ParamsString) -> Option<Self> {
        if let Ok(algorithm) = Algorithm::new(name) {
            let [memory_kib, passes, lanes] = decimals(params, ["m", "t", "p"])?;
            // As in the reference implementation, a string without a version is of the one before there were versions.
            let version = version.map_or(Ok(Version::V0x10), Version::try_from).ok()?;
            return Some(Self::Argon2 { algorithm, version, memory_kib, passes, lanes });
        }
        if version.is_some() {
            return None;
        }
        if name == "scrypt" {
            let [log_n, block, lanes] = decimals(params, ["ln", "r", "p"])?;
            return Some(Self::Scrypt { log_n, block, lanes });
        }
        let [rounds] = decimals(params, ["i"])?;
        Some(Self::Pbkdf2 { digest: Digest::named(name)?, rounds })
    }

    /// Out of the text that `Display` prints.
    pub fn read(text: &str) -> Option<Self> {
        let (name, rest) = text.split_once('$')?;
        if name == "bcrypt" {
            return Some(Self::Bcrypt { cost: rest.parse().ok()? });
        }
        if let Some(digest) = Digest::named(name) {
            return Some(Self::Pbkdf2 { digest, rounds: rest.parse().ok()? });
        }
        let (version, params) = match rest.strip_prefix("v=") {
            Some(rest) => rest.split_once('$').and_then(|(version, params)| Some((version.parse().ok()?, params)))?,
            None => (Version::V0x13 as u32, rest),
        };
        Self::of_phc(name, (name != "scrypt").then_some(version), &params.parse().ok()?)
    }

    /// The beginning of a PHC string, without its first `$`. Only Argon2 hashes are written here.
    pub fn as_phc(self) -> String {
        match self {
            Self::Argon2 { algorithm, version, memory_kib, passes, lanes } => {
                format!("{}$v={}$m={memory_kib},t={passes},p={lanes}", algorithm.as_str(), version as u32)
            }
            _ => self.to_string(),
        }
    }

    /// The memory that the computation fills.
    pub fn memory_kib(self) -> u64 {
        match self {
            Self::Argon2 { memory_kib, .. } => memory_kib.into(),
            Self::Bcrypt { .. } => 4,
            Self::Pbkdf2 { .. } => 1,
            Self::Scrypt { log_n, block, lanes } => {
                let blocks = power(log_n).saturating_add(lanes.into());
                blocks.saturating_mul(u64::from(block)).saturating_mul(128) / 1024
            }
        }
    }

    /// What the computation takes on an ordinary core.
    pub fn nanoseconds(self) -> u64 {
        match self {
            Self::Argon2 { memory_kib, passes, .. } => (u64::from(memory_kib) * u64::from(passes)).saturating_mul(280),
            Self::Bcrypt { cost } => power(cost).saturating_mul(60_000),
            Self::Pbkdf2 { digest: Digest::Sha256, rounds } => u64::from(rounds) * 200,
            Self::Pbkdf2 { digest: Digest::Sha512, rounds } => u64::from(rounds) * 400,
            Self::Scrypt { log_n, block, lanes } => {
                power(log_n).saturating_mul(block.into()).saturating_mul(lanes.into()).saturating_mul(350)
            }
        }
    }

    /// Whether the parameters mean anything; what they cost is another question.
    pub fn is_possible(self) -> bool {
        match self {
            Self::Argon2 { memory_kib, passes, lanes, .. } => {
                argon2::Params::new(memory_kib, passes, lanes, None).is_ok()
            }
            Self::Bcrypt { cost } => (4..=31).contains(&cost),
            Self::Pbkdf2 { rounds, .. } => rounds > 0,
            // RFC 7914 §2 has more rules, which nothing below a sensible ceiling breaks.
            Self::Scrypt { log_n, block, lanes } => (1..=31).contains(&log_n) && block > 0 && lanes > 0,
        }
    }
}

/// `argon2id$m=19456,t=2,p=1`, `bcrypt$12`, `pbkdf2-sha256$600000`, `scrypt$ln=17,r=8,p=1`.
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Argon2 { algorithm, version, memory_kib, passes, lanes } => {
                write!(f, "{}$", algorithm.as_str())?;
                if version != Version::V0x13 {
                    write!(f, "v={}$", version as u32)?;
                }
                write!(f, "m={memory_kib},t={passes},p={lanes}")
            }
            Self::Bcrypt { cost } => write!(f, "bcrypt${cost}"),
            Self::Pbkdf2 { digest, rounds } => write!(f, "{}${rounds}", digest.name()),
            Self::Scrypt { log_n, block, lanes } => write!(f, "scrypt$ln={log_n},r={block},p={lanes}"),
        }
    }
}

/// Two to the exponent, or as much as there is.
fn power(exponent: u32) -> u64 {
    1_u64.checked_shl(exponent).unwrap_or(u64::MAX)
}

/// The values of these parameters, each of which is there once, and no other.
fn decimals<const N: usize>(params: &ParamsString, names: [&str; N]) -> Option<[u32; N]> {
    let mut values = [0; N];
    for (value, name) in values.iter_mut().zip(names) {
        *value = params.get_decimal(name)?;
    }
    (params.iter().count() == N).then_some(values)
}

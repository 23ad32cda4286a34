//! What is written to people.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::config::Issuer;
use crate::secret::Plain;
use crate::time::UnixTime;

/// A letter before it is put into words. Names are those that people gave themselves.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "letter", rename_all = "snake_case")]
pub enum Letter {
    /// To whoever says that this address is theirs.
    VerifyEmail { name: Option<String>, link: Link, lives_seconds: i64 },
    /// To whoever forgot their password, or was told to choose another one.
    ResetPassword { name: Option<String>, link: Link, lives_seconds: i64 },
    /// To the owner of an address with which somebody tried to register again; the link is where a password can be reset.
    EmailTaken { name: Option<String>, link: Link },
    /// After the fact; the link is where the password can be reset.
    PasswordChanged { name: Option<String>, link: Link, at: UnixTime, address: Option<IpAddr> },
    /// After the fact, to the address that was the account's before; the link is where the password can be reset.
    EmailChanged { name: Option<String>, link: Link, at: UnixTime, address: Option<IpAddr> },
    /// After the fact: a provider signs people in to the account; the link is where that ends.
    ProviderLinked { name: Option<String>, link: Link, provider: String, at: UnixTime, address: Option<IpAddr> },
    /// After the fact: it does so no longer; the link is where that begins again.
    ProviderUnlinked { name: Option<String>, link: Link, provider: String, at: UnixTime, address: Option<IpAddr> },
}

impl Letter {
    /// The name of its templates.
    pub(super) const fn template(&self) -> &'static str {
        match self {
            Self::VerifyEmail { .. } => "verify_email",
            Self::ResetPassword { .. } => "reset_password",
            Self::EmailTaken { .. } => "email_taken",
            Self::PasswordChanged { .. } => "password_changed",
            Self::EmailChanged { .. } => "email_changed",
            Self::ProviderLinked { .. } => "provider_linked",
            Self::ProviderUnlinked { .. } => "provider_unlinked",
        }
    }
}

/// A link of this server, often with a secret in it: it is not printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Link(Zeroizing<String>);

impl Link {
    /// A page of this server; `path` begins with a slash.
    pub fn to(issuer: &Issuer, path: &str) -> Self {
        Self(Zeroizing::new(issuer.endpoint(path)))
    }

    /// A page that knows its reader by a token in the query.
    pub fn with_token<K>(issuer: &Issuer, path: &str, token: &Plain<K>) -> Self {
        let query = Zeroizing::new(
            url::form_urlencoded::Serializer::new(String::new()).append_pair("token", token.reveal()).finish(),
        );
        Self(Zeroizing::new(issuer.endpoint(&format!("{path}?{}", *query))))
    }

    /// For the eyes of whoever gets the letter.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[link]")
    }
}

/// As it is sealed in the outbox.
impl Serialize for Link {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Link {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Zeroizing::new(text)))
    }
}

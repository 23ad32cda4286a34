//! The settings of mail.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use super::read::rule::{Choice, Optional, Parsed, parsed, path, secret, text, whole};
use super::read::section;
use crate::secret::Setting;

section! {
    /// How letters reach people.
    "mail" => Mail {
        /// The SMTP server that takes the mail. Without it: in development mail is written to a folder, elsewhere it
        /// waits in the database.
        host: Option<String> = None, Optional(text("a host name or an IP address", is_host)), "SMTP_HOST";
        /// The port of the SMTP server. Without it: 465 for `tls`, 25 for `none`, 587 otherwise.
        port: Option<u16> = None, Optional(whole(1..=u16::MAX)), "SMTP_PORT";
        /// The user as whom this server signs in at the SMTP server. Without it: it does not sign in.
        user: Option<String> = None, Optional(text("a name", is_line)), "SMTP_USER";
        /// The password of that user.
        password: Option<Setting> = None, Optional(secret("a password", |text| !text.is_empty())), "SMTP_PASSWORD";
        /// From whom mail comes, as ADDRESS or NAME <ADDRESS>; the name is what the letters call this service,
        /// unless `pages.name` calls it something.
        sender: Option<Sender> = None, Optional(sender()), "SMTP_SENDER_EMAIL";
        /// How the way to the SMTP server is encrypted: `starttls`, `tls` from the first byte, or `none`. `auto` (or
        /// `true`) is `tls` on port 465 and `starttls` on others; `false` is `none`. What is asked for is insisted on.
        encryption: Encryption = Encryption::Auto, ENCRYPTION, "SMTP_USE_TLS";
        /// How long the SMTP server may take to let this server in, and again to take a letter.
        timeout_seconds: u64 = 20, whole(1..=120), "SMTP_TIMEOUT";
        /// How many letters are on their way at once.
        connections: usize = 4, whole(1..=100);
        /// A PEM file with the authorities that may vouch for the SMTP server's certificate. Without it: the system's.
        tls_ca: Option<PathBuf> = None, Optional(path());
        /// A folder whose files take the place of the built-in templates of the same name.
        templates: Option<PathBuf> = None, Optional(path());
        /// Where development mail is written when there is no SMTP server.
        directory: PathBuf = PathBuf::from("data/mail"), path();
    }
}

/// As it was set; [`Mail::security`] is what holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    Auto,
    StartTls,
    Tls,
    None,
}

const ENCRYPTION: Choice<Encryption> = Choice(&[
    ("auto", Encryption::Auto),
    ("starttls", Encryption::StartTls),
    ("tls", Encryption::Tls),
    ("none", Encryption::None),
    ("true", Encryption::Auto),
    ("false", Encryption::None),
]);

const SUBMISSIONS: u16 = 465;

impl Mail {
    /// The port to connect to, and how: never `Auto`.
    pub fn security(&self) -> (u16, Encryption) {
        let encryption = match (self.encryption, self.port) {
            (Encryption::Auto, Some(SUBMISSIONS)) => Encryption::Tls,
            (Encryption::Auto, _) => Encryption::StartTls,
            (chosen, _) => chosen,
        };
        let usual = match encryption {
            Encryption::Tls => SUBMISSIONS,
            Encryption::None => 25,
            Encryption::StartTls | Encryption::Auto => 587,
        };
        (self.port.unwrap_or(usual), encryption)
    }

    /// Whether a password would cross a network in the clear.
    pub fn talks_in_clear(&self) -> bool {
        let here = |host: &str| {
            host == "localhost" || host.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
        };
        let elsewhere = self.host.as_deref().is_some_and(|host| !here(host));
        self.password.is_some() && elsewhere && self.security().1 == Encryption::None
    }

    /// The key that is wrong beside another one, and why.
    pub(super) fn contradiction(&self) -> Option<(&'static str, &'static str)> {
        if self.host.is_some() && self.sender.is_none() {
            return Some(("mail.sender", "must be set with mail.host: whom would the mail come from?"));
        }
        match (&self.user, &self.password) {
            (Some(_), None) => Some(("mail.user", "needs mail.password: set both or none")),
            (None, Some(_)) => Some(("mail.password", "needs mail.user: set both or none")),
            _ if self.tls_ca.is_some() && self.security().1 == Encryption::None => {
                Some(("mail.tls_ca", "is of no use while mail.encryption is none"))
            }
            _ => None,
        }
    }
}

/// An address, with a name for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    pub name: Option<String>,
    pub address: String,
}

fn sender() -> Parsed<Sender> {
    parsed("an email address, or a name and an address as in \"Example <id@example.com>\"", Sender::from_str)
}

impl FromStr for Sender {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if !is_line(text) {
            return Err("it must be one line");
        }
        let (name, address) = match text.strip_suffix('>').and_then(|text| text.split_once('<')) {
            Some((name, address)) => (name.trim().trim_matches('"').trim(), address),
            None => ("", text),
        };
        let parts = address.rsplit_once('@');
        let plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_graphic());
        if !parts.is_some_and(|(user, domain)| plain(user) && plain(domain)) || address.contains(['<', '>', ',', ';']) {
            return Err("its address is none");
        }
        Ok(Self { name: (!name.is_empty()).then(|| name.to_owned()), address: address.to_owned() })
    }
}

impl fmt::Display for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{name} <{}>", self.address),
            None => f.write_str(&self.address),
        }
    }
}

fn is_host(text: &str) -> bool {
    (1..=253).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte))
}

fn is_line(text: &str) -> bool {
    !text.is_empty() && text.len() <= 320 && !text.chars().any(char::is_control)
}

//! Settings: defaults, then `countersign.toml`, then `.env`, then the environment. `Config::default()` is the embedded
//! server. A start reads them once, and lists everything that is wrong with them at once.

mod accounts;
mod audit;
mod cache;
mod database;
mod issuer;
mod keys;
mod limits;
mod log;
mod mail;
mod metrics;
mod outbound;
mod pages;
mod passwords;
mod read;
mod reference;
mod registration;
mod server;
mod sessions;
mod tokens;

pub use accounts::Accounts;
pub use audit::Audit;
pub use cache::Cache;
pub use database::{Database, DatabaseUrl};
pub use issuer::Issuer;
pub use keys::Keys;
pub use limits::Limits;
pub use log::{Log, LogFormat};
pub use mail::{Encryption, Mail, Sender};
pub use metrics::Metrics;
pub use outbound::Outbound;
pub use pages::{Colour, LogoPlace, Pages};
pub use passwords::Passwords;
pub use read::{Faults, Sources};
pub use reference::{env_example, reference};
pub use registration::Registration;
pub use server::Server;
pub use sessions::Sessions;
pub use tokens::Tokens;

use issuer::Identity;
use read::{Declared, Gathered, Origins, Reader, Section};

/// Declares the settings out of their sections, in the order in which they are listed and explained.
macro_rules! config {
    ($($name:ident: $section:ty),+ $(,)?) => {
        /// Every setting of a start, checked.
        #[derive(Clone, Debug)]
        pub struct Config {
            /// The URL by which this server is known.
            pub issuer: Issuer,
            /// What was set; [`Config::development`] is what holds.
            pub development: Option<bool>,
            $(pub $name: $section,)+
            origins: Origins,
        }

        impl Config {
            fn read(reader: &mut Reader<'_>) -> Self {
                let Identity { issuer, development } = Identity::read(reader);
                let mut config = Self {
                    issuer: Issuer::default(),
                    development,
                    $($name: <$section>::read(reader),)+
                    origins: Origins::of(reader.given),
                };
                config.issuer = issuer.unwrap_or_else(|| local_issuer(&config.server));
                config
            }

            fn shown(&self) -> Vec<(String, String)> {
                let identity = Identity { issuer: Some(self.issuer.clone()), development: self.development };
                let sections = [identity.shown(), $(self.$name.shown()),+];
                sections.concat()
            }
        }

        fn declared() -> Vec<Declared> {
            let mut all = Identity::declared();
            $(all.extend(<$section>::declared());)+
            all
        }

        /// The name and the sentence of each section.
        fn sections() -> Vec<(&'static str, &'static str)> {
            vec![(Identity::NAME, Identity::ABOUT), $((<$section>::NAME, <$section>::ABOUT)),+]
        }
    };
}

config! {
    server: Server,
    database: Database,
    cache: Cache,
    keys: Keys,
    tokens: Tokens,
    sessions: Sessions,
    accounts: Accounts,
    registration: Registration,
    passwords: Passwords,
    mail: Mail,
    outbound: Outbound,
    pages: Pages,
    limits: Limits,
    log: Log,
    metrics: Metrics,
    audit: Audit,
}

/// One setting for a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    pub key: String,
    /// Masked when it is a secret, empty when there is none.
    pub value: String,
    /// `default`, or where the value stands.
    pub origin: String,
}

impl Config {
    /// Reads every source. When anything is wrong, everything that is wrong comes back.
    pub fn load(sources: &Sources) -> Result<Self, Faults> {
        let mut faults = Faults::default();
        let given = Gathered::from(sources, &declared(), &mut faults);
        let config = Self::read(&mut Reader { given: &given, faults: &mut faults });
        config.compare(&mut faults);
        if faults.is_empty() { Ok(config) } else { Err(faults) }
    }

    /// Whether the conveniences of a developer's machine hold.
    pub fn development(&self) -> bool {
        self.development.unwrap_or_else(|| self.issuer.is_loopback() && self.server.is_loopback())
    }

    /// What this service is called, on its pages and in its letters.
    pub fn service_name(&self) -> String {
        let set = self.pages.name.clone();
        let of_sender = || self.mail.sender.as_ref().and_then(|sender| sender.name.clone());
        set.or_else(of_sender).unwrap_or_else(|| self.issuer.host())
    }

    /// Every setting as an operator may see it.
    pub fn show(&self) -> Vec<Shown> {
        let shown = |(key, value): (String, String)| {
            let origin = self.origins.get(&key).to_string();
            Shown { key, value, origin }
        };
        self.shown().into_iter().map(shown).collect()
    }

    /// The rules that settings must keep among each other.
    fn compare(&self, faults: &mut Faults) {
        let contradictions = [
            self.server.contradiction(),
            self.cache.contradiction(),
            self.keys.contradiction(),
            self.passwords.contradiction(),
            self.mail.contradiction(),
            self.pages.contradiction(),
        ];
        for (key, message) in contradictions.into_iter().flatten() {
            if !faults.touch(&[key]) {
                faults.of_setting(key, self.origins.get(key), message);
            }
        }
        if self.server.port == 0 && self.origins.get("issuer").is_default() && !faults.touch(&["server.port"]) {
            let message = "0 is any free port: COUNTERSIGN_ISSUER must be set then, because nobody could guess it";
            faults.of_setting("server.port", self.origins.get("server.port"), message);
        }
        let plain = !self.issuer.is_https() && !self.development();
        if plain && !faults.touch(&["issuer", "development", "server.host"]) {
            let message = format!(
                "must begin with https://, not be \"{}\", because others than this machine reach this server; \
                 COUNTERSIGN_DEVELOPMENT=true allows http",
                self.issuer
            );
            faults.of_setting("issuer", self.origins.get("issuer"), &message);
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::read(&mut Reader { given: &Gathered::default(), faults: &mut Faults::default() })
    }
}

/// The issuer of a server that was told none: where a browser on this machine finds it.
fn local_issuer(server: &Server) -> Issuer {
    let scheme = if server.tls_certificate.is_some() { "https" } else { "http" };
    Issuer::local(scheme, server.port)
}

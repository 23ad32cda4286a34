//! What can be said on the command line.

mod people;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::audit::{Act, Head};
use crate::store::audit::search::Cursor;
use crate::time::UnixTime;

pub use people::{NewUser, Page, RoleCommand, UserCommand, UserSearch, UserUpdate};

#[derive(Parser)]
#[command(name = "countersign", version, about = "An OAuth 2 authorization server: it signs what others verify.")]
pub struct Arguments {
    /// The settings file; without it countersign.toml, if there is one
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print one JSON value on standard output and nothing else
    #[arg(long, global = true)]
    pub json: bool,
    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Subcommand)]
pub enum Command {
    /// Run the server; this is also what happens without a command
    Serve,
    /// Bring the database's tables up to date, or look at them
    Migrate {
        #[command(subcommand)]
        command: Option<MigrateCommand>,
    },
    /// Service clients and their secrets
    Client {
        #[command(subcommand)]
        command: ClientCommand,
    },
    /// People who have an account
    User {
        #[command(subcommand)]
        command: UserCommand,
    },
    /// What users may do, in sets with names
    Role {
        #[command(subcommand)]
        command: RoleCommand,
    },
    /// The scopes that may be asked for
    Scope {
        #[command(subcommand)]
        command: ScopeCommand,
    },
    /// Clients that register themselves
    Registration {
        #[command(subcommand)]
        command: RegistrationCommand,
    },
    /// Providers that people sign in with
    Upstream {
        #[command(subcommand)]
        command: UpstreamCommand,
    },
    /// The APIs that tokens can be for
    Resource {
        #[command(subcommand)]
        command: ResourceCommand,
    },
    /// Signing keys, and the keys that seal them
    Key {
        #[command(subcommand)]
        command: KeyCommand,
    },
    /// What was done by whom
    Audit {
        #[command(subcommand)]
        command: AuditCommand,
    },
    /// Forget now what may be forgotten; the server does so by itself
    Sweep,
    /// The settings as they hold
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Check database, cache, keys, clock, issuer and settings, and say what to do
    Doctor,
}

#[derive(Clone, Copy, Subcommand)]
pub enum MigrateCommand {
    /// Apply what is pending
    Up,
    /// Take the newest migration back, with the data of its tables
    Down,
    /// List what is applied and what is pending
    Status,
}

#[derive(Subcommand)]
pub enum ClientCommand {
    /// Register a client and show its secret, once
    Create(Box<NewClient>),
    /// List the clients
    List,
    /// Show one client
    Show { id: String },
    /// Replace what a client registered by RFC 7591 metadata from a file, or from standard input when it is -
    Update {
        id: String,
        #[arg(long, value_name = "FILE")]
        from: PathBuf,
    },
    /// Refuse a client from now on, and end its tokens here
    Disable { id: String },
    /// Let a disabled client in again
    Enable { id: String },
    /// Remove a client with its secrets
    Delete { id: String },
    /// Several secrets may live at once, so that one can be replaced without a pause
    Secret {
        #[command(subcommand)]
        command: SecretCommand,
    },
}

#[derive(Args)]
pub struct NewClient {
    /// What people call it
    #[arg(long, required_unless_present = "from")]
    pub name: Option<String>,
    /// A grant type that it may use, such as client_credentials; may be repeated
    #[arg(long = "grant", value_name = "GRANT", required_unless_present = "from")]
    pub grants: Vec<String>,
    /// A scope that it may have; may be repeated
    #[arg(long = "scope", value_name = "SCOPE")]
    pub scopes: Vec<String>,
    /// An API that it may ask tokens for; may be repeated, the first is the default
    #[arg(long = "audience", value_name = "URI")]
    pub audiences: Vec<String>,
    /// Where users are sent back to; may be repeated
    #[arg(long = "redirect-uri", value_name = "URI")]
    pub redirect_uris: Vec<String>,
    /// Where users are sent after logging out; may be repeated
    #[arg(long = "post-logout-redirect-uri", value_name = "URI")]
    pub post_logout_redirect_uris: Vec<String>,
    /// client_secret_basic (the default), client_secret_post, client_secret_jwt, private_key_jwt or none
    #[arg(long, value_name = "METHOD", conflicts_with = "public")]
    pub auth_method: Option<String>,
    /// A client that cannot keep a secret
    #[arg(long)]
    pub public: bool,
    /// A file with its public keys, a JWK Set: it proves itself by them, and has no secret
    #[arg(long, value_name = "FILE", conflicts_with = "jwks_uri")]
    pub jwks: Option<PathBuf>,
    /// Where it keeps its public keys: it proves itself by them, and has no secret
    #[arg(long, value_name = "URL")]
    pub jwks_uri: Option<String>,
    /// web (the default), or native for an app on people's devices
    #[arg(long, value_name = "TYPE")]
    pub application_type: Option<String>,
    /// Give it codes without PKCE: only for a client with a secret whose library cannot do it
    #[arg(long, conflicts_with = "public")]
    pub without_pkce: bool,
    /// Seconds that its access tokens live
    #[arg(long, value_name = "SECONDS")]
    pub access_token_lifetime: Option<i64>,
    /// Read RFC 7591 metadata from this file, or from standard input when it is -
    #[arg(long, value_name = "FILE", conflicts_with_all = ["name", "grants", "scopes", "audiences", "redirect_uris",
        "post_logout_redirect_uris", "auth_method", "public", "jwks", "jwks_uri", "application_type", "without_pkce", "access_token_lifetime"])]
    pub from: Option<PathBuf>,
}

#[derive(Subcommand)]
pub enum SecretCommand {
    /// Make one more secret and show it, once
    Add {
        client: String,
        /// Seconds until it expires; without it, never
        #[arg(long, value_name = "SECONDS")]
        expires_in: Option<i64>,
        /// Seconds until the client's other secrets expire; without it they go on as they are
        #[arg(long, value_name = "SECONDS")]
        others_expire_in: Option<i64>,
    },
    /// List the secrets of a client, without their text
    List { client: String },
    /// End a secret at once
    Delete { client: String, secret: String },
}

#[derive(Subcommand)]
pub enum ScopeCommand {
    /// Make a scope
    Create {
        name: String,
        /// What it allows, in words for people
        #[arg(long, default_value = "")]
        description: String,
        /// Clients that register themselves may have it
        #[arg(long)]
        registrable: bool,
    },
    /// List the scopes
    List,
    /// Say something else of a scope
    Describe {
        name: String,
        /// What it allows, in words for people
        #[arg(long)]
        description: String,
    },
    /// Let clients that register themselves have a scope
    Open { name: String },
    /// Let no more of them have it; those that have it keep it
    Close { name: String },
    /// Remove a scope; tokens that have it keep it until they expire
    Delete { name: String },
}

#[derive(Subcommand)]
pub enum RegistrationCommand {
    /// Initial access tokens: each lets its holder register clients
    Token {
        #[command(subcommand)]
        command: InitialTokenCommand,
    },
}

#[derive(Subcommand)]
pub enum InitialTokenCommand {
    /// Make a token and show it, once
    Create {
        /// How many clients may be registered with it
        #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(i64).range(1..=1_000_000))]
        uses: i64,
        /// Seconds until it expires
        #[arg(long, value_name = "SECONDS", default_value_t = 604_800, value_parser = clap::value_parser!(i64).range(1..=31_536_000))]
        expires_in: i64,
        /// A scope that its clients may have beyond those that all may have; may be repeated
        #[arg(long = "scope", value_name = "SCOPE")]
        scopes: Vec<String>,
        /// Its clients with a secret get codes without PKCE, unless they say otherwise: only where their libraries cannot do it
        #[arg(long)]
        without_pkce: bool,
    },
    /// List the tokens that are good, without their text
    List,
    /// End a token at once; the clients that were registered with it stay
    Delete { id: String },
}

#[derive(Subcommand)]
pub enum UpstreamCommand {
    /// Make a provider known, as JSON from a file, or from standard input when it is -, describes it
    Create {
        #[arg(long, value_name = "FILE")]
        from: PathBuf,
    },
    /// List the providers
    List,
    /// Show one
    Show { name: String },
    /// Describe one anew; its secret stays, unless another one is said
    Replace {
        name: String,
        #[arg(long, value_name = "FILE")]
        from: PathBuf,
    },
    /// Forget one, with all links to it
    Delete { name: String },
}

#[derive(Subcommand)]
pub enum ResourceCommand {
    /// Make an API known, or replace what is said of it
    Create {
        uri: String,
        /// A scope that means something to it; may be repeated
        #[arg(long = "scope", value_name = "SCOPE")]
        scopes: Vec<String>,
        /// A client that may introspect tokens for it; may be repeated
        #[arg(long = "introspector", value_name = "CLIENT")]
        introspectors: Vec<String>,
    },
    /// List the APIs
    List,
    /// Forget an API
    Delete { uri: String },
}

#[derive(Subcommand)]
pub enum KeyCommand {
    /// List the signing keys
    List,
    /// Let the next key sign
    Rotate {
        /// Withdraw the active key at once, with all that it signed here
        #[arg(long)]
        emergency: bool,
    },
    /// Import an RSA private key in PEM from a file, or from standard input when it is -
    Import { file: PathBuf },
    /// End a retiring key whose last token has expired
    Retire {
        /// The key, as `key list` shows it
        #[arg(allow_hyphen_values = true)]
        kid: String,
        /// Withdraw it at once, with all that it signed here
        #[arg(long)]
        emergency: bool,
    },
    /// Seal everything under the key-encryption key that is first now
    Reseal {
        /// Make a new key-encryption key in the keys' folder before
        #[arg(long)]
        new_key: bool,
    },
}

#[derive(Subcommand)]
pub enum AuditCommand {
    /// Prove that no sealed act was changed, removed or moved
    Verify {
        /// A head that the server logged, 42:hash: shows whether the log's end was cut off; may be repeated
        #[arg(long = "head", value_name = "HEAD")]
        heads: Vec<Head>,
    },
    /// Print acts as one JSON object per line, the oldest first
    Export(AuditFilter),
    /// List acts, the newest first
    List {
        #[command(flatten)]
        filter: AuditFilter,
        /// How many
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..=1000))]
        limit: i64,
        /// The cursor that the page before ended with
        #[arg(long, value_name = "CURSOR")]
        after: Option<Cursor>,
    },
}

#[derive(Args)]
pub struct AuditFilter {
    /// Not before this time: 2026-01-31T12:00:00Z, or unix seconds
    #[arg(long, value_name = "TIME")]
    pub since: Option<UnixTime>,
    /// Before this time
    #[arg(long, value_name = "TIME")]
    pub until: Option<UnixTime>,
    /// What was done, such as signed_in (docs/audit.md lists them)
    #[arg(long, value_name = "ACT", value_parser = act)]
    pub act: Option<Act>,
    /// The id of a user who did it, or to whom it was done
    #[arg(long, value_name = "ID")]
    pub user: Option<String>,
    /// The id of whoever did it
    #[arg(long, value_name = "ID")]
    pub actor: Option<String>,
    /// The id of what it was done to
    #[arg(long, value_name = "ID")]
    pub target: Option<String>,
    /// The id of the client at which it was done
    #[arg(long, value_name = "ID")]
    pub client: Option<String>,
    /// done or refused
    #[arg(long, value_name = "OUTCOME", value_parser = ["done", "refused"])]
    pub outcome: Option<String>,
}

fn act(name: &str) -> Result<Act, String> {
    Act::named(name).ok_or_else(|| {
        let names: Vec<&str> = Act::ALL.iter().map(|act| act.as_str()).collect();
        format!("the acts are {}", names.join(", "))
    })
}

#[derive(Clone, Copy, Subcommand)]
pub enum ConfigCommand {
    /// Every setting, and where it comes from; secrets are masked
    Show,
    /// Say everything that is wrong with the settings
    Check,
}

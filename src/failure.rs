//! Refused is not broken. A refusal is a decision: a public code for the caller, a private reason for the log. Something
//! broken is nobody's decision, and never reads as one.

mod reference;

use std::borrow::Cow;

use crate::directory::DirectoryError;
use crate::keyring::KeyringError;
use crate::protocol::error::{ErrorCode, Fault};
use crate::store::StoreError;

pub use reference::reference;

#[derive(Debug)]
pub enum Failure {
    Refused(Refused),
    Broken(Broken),
}

pub type Outcome<T> = Result<T, Failure>;

/// What the caller may know, and what only the log may.
#[derive(Debug)]
pub struct Refused {
    pub code: ErrorCode,
    /// A public sentence; it never repeats what the caller sent.
    pub about: Cow<'static, str>,
    pub reason: Reason,
    /// The scope that would have been enough.
    pub scope: Option<String>,
}

/// What did not work, for the log; the caller learns only whether to come back.
#[derive(Debug)]
pub struct Broken {
    pub what: &'static str,
    pub source: String,
    /// Whether trying again later may help.
    pub passing: bool,
}

macro_rules! reasons {
    ($($name:ident $code:literal $meaning:literal)+) => {
        /// Why something was refused, as the log and the metrics say it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Reason { $(#[doc = $meaning] $name),+ }

        impl Reason {
            pub const ALL: &[Self] = &[$(Self::$name),+];

            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code),+ }
            }

            /// What an operator should know about it.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$name => $meaning),+ }
            }
        }
    };
}

reasons! {
    Malformed "malformed" "The request does not follow the specification: a parameter, a header or the body cannot be read."
    BodyTooLarge "body_too_large" "The request's body is longer than the endpoint reads (64 KiB)."
    BodyTooSlow "body_too_slow" "The request's body did not arrive in time."
    UnknownClient "unknown_client" "No client has this id. Check the id and the environment it was made in."
    ClientDisabled "client_disabled" "The client was disabled. `countersign client enable` lets it in again."
    WrongSecret "wrong_secret" "The secret is not one of the client's. Rotate it if it was lost."
    ExpiredSecret "expired_secret" "The secret was the client's, but has expired. The client should use its newer one."
    WrongAuthMethod "wrong_auth_method" "The client authenticated by another method than the one it registered."
    NotConfidential "not_confidential" "A public client asked for what only a client with a secret may have."
    GrantNotRegistered "grant_not_registered" "The client did not register this grant type."
    GrantNotServed "grant_not_served" "This server does not know, or does not serve yet, this grant type."
    UnknownScope "unknown_scope" "A scope was asked for that does not exist here. `countersign scope create` makes one."
    NoScopeLeft "no_scope_left" "None of the scopes that were asked for is the client's to have."
    TargetNotAllowed "target_not_allowed" "A resource was asked for that the client did not register as an audience."
    TokenTooLong "token_too_long" "The scopes and resources that were asked for do not fit into one token (16 KiB). The client should ask for fewer."
    ForeignToken "foreign_token" "A client tried to revoke a token that was issued to another one."
    InvalidToken "invalid_token" "The bearer token is not a live access token of this server for this endpoint."
    InsufficientScope "insufficient_scope" "The bearer token lacks the scope that the endpoint asks for."
    NotFromHere "not_from_here" "The address may not read metrics or details. List its network in `metrics.networks`, or use a token with the scope."
    NoSuchPath "no_such_path" "Nothing is served at this path."
    WrongMethod "wrong_method" "The path does not have this method; the Allow header lists those it has."
}

impl Refused {
    pub fn new(code: ErrorCode, reason: Reason, about: impl Into<Cow<'static, str>>) -> Self {
        Self { code, about: about.into(), reason, scope: None }
    }

    pub fn for_want_of(mut self, scope: Option<&str>) -> Self {
        self.scope = scope.map(str::to_owned);
        self
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

/// What a parser refuses is the caller's mistake.
impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        let reason = match fault.code {
            ErrorCode::UnsupportedGrantType => Reason::GrantNotServed,
            _ => Reason::Malformed,
        };
        Self::Refused(Refused::new(fault.code, reason, fault.about))
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Broken(Broken { what: "store", passing: error.is_passing(), source: error.to_string() })
    }
}

impl From<KeyringError> for Failure {
    fn from(error: KeyringError) -> Self {
        let passing = match &error {
            KeyringError::Store(error) => error.is_passing(),
            KeyringError::NoSigner(_) => true,
            KeyringError::Refused(_) | KeyringError::Failed(_) => false,
        };
        Self::Broken(Broken { what: "keyring", passing, source: error.to_string() })
    }
}

impl From<DirectoryError> for Failure {
    fn from(error: DirectoryError) -> Self {
        match error {
            DirectoryError::Store(error) => error.into(),
            error @ DirectoryError::Unreadable(..) => {
                Self::Broken(Broken { what: "directory", passing: false, source: error.to_string() })
            }
        }
    }
}

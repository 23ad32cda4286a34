//! Refused is not broken. A refusal is a decision: a public code for the caller, a private reason for the log. Something
//! broken is nobody's decision, and never reads as one.

mod reference;

use std::borrow::Cow;

use crate::directory::DirectoryError;
use crate::keyring::KeyringError;
use crate::passwords::PasswordsBusy;
use crate::protocol::error::{ErrorCode, Fault};
use crate::protocol::members::{FieldFault, FieldFaults};
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
    /// What is wrong with single members of the body.
    pub fields: Vec<FieldFault>,
    /// Seconds after which the same request may go well.
    pub retry_after: Option<u64>,
    /// The limit that was reached.
    pub quota: Option<Box<Quota>>,
}

/// A limit that lets nothing more through for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// What the limit is called, in answers and in the metrics.
    pub policy: &'static str,
    /// How often something may be done.
    pub limit: u32,
    /// In how many seconds.
    pub window_seconds: u32,
    /// In how many seconds there is more.
    pub reset_seconds: u32,
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
    WrongAssertion "wrong_assertion" "A client's assertion is about another client, or for somebody else: its `aud` has to hold the issuer or the URL of the token endpoint."
    AssertionNotCurrent "assertion_not_current" "A client's assertion has expired, is not good yet, or would be good for more than an hour. Look at the client's clock."
    AssertionReused "assertion_reused" "A client's assertion came a second time: each is good once."
    WrongKey "wrong_key" "A client's assertion or request object is signed by none of its keys or secrets, or by an algorithm that it did not register."
    UnusableKeys "unusable_keys" "Among a client's keys (`jwks`, or what is found at `jwks_uri`) there is none that it could prove itself by."
    ClientKeysAway "client_keys_away" "The server that keeps a client's keys (`jwks_uri`) does not answer, and nothing was fetched from it within a day. A warning in the log names its host and says why."
    UnconfirmedSector "unconfirmed_sector" "A client that registers itself names a `sector_identifier_uri` that cannot be read, or does not list all its redirect URIs."
    NotConfidential "not_confidential" "A public client asked for what only a client with a secret may have."
    GrantNotRegistered "grant_not_registered" "The client did not register this grant type."
    GrantNotServed "grant_not_served" "This server does not know, or does not serve yet, this grant type."
    UnknownScope "unknown_scope" "A scope was asked for that does not exist here. `countersign scope create` makes one."
    NoScopeLeft "no_scope_left" "None of the scopes that were asked for is the client's to have."
    TargetNotAllowed "target_not_allowed" "A resource was asked for that the client did not register as an audience."
    TokenTooLong "token_too_long" "The scopes and resources that were asked for do not fit into one token (16 KiB). The client should ask for fewer."
    ForeignToken "foreign_token" "A client tried to revoke a token that was issued to another one."
    UnknownUser "unknown_user" "No user has this name or address."
    WrongPassword "wrong_password" "The password is not the user's."
    NoPassword "no_password" "The user has no password here."
    LoginLocked "login_locked" "Too many wrong passwords came from this address for this name; it is locked for a while. `countersign user unlock` ends that."
    UserDisabled "user_disabled" "The user's account was disabled or deleted. `countersign user enable` lets the user in again."
    UserLocked "user_locked" "An administrator locked the user. `countersign user unlock` lets the user in again."
    UserUnverified "user_unverified" "The user has not confirmed the address, and the settings ask for that."
    AlreadyVerified "already_verified" "A letter that confirms an address was asked for, and the address is confirmed already."
    PasswordResetDue "password_reset_due" "An administrator asked that the user sets a new password."
    SignInOvertaken "sign_in_overtaken" "The user's password, lock or sign-ins were changed while the sign-in was under way."
    RegistrationClosed "registration_closed" "People may not register themselves here: `accounts.registration` is off."
    SpentLink "spent_link" "The token of a letter's link is unknown, was used, has expired, or belongs to another address by now."
    SpentRegistrationToken "spent_registration_token" "An initial access token is unknown, used up or expired. `countersign registration token create` makes one."
    WrongRegistrationToken "wrong_registration_token" "A registration access token is not that of the client that it came for, or the client is gone or disabled."
    BeyondAuthority "beyond_authority" "Somebody would have given, or acted on somebody or something that has, an admin scope that they lack themselves."
    UnknownRefreshToken "unknown_refresh_token" "The text is no refresh token that this server made, or its sign-in is long forgotten."
    ForeignRefreshToken "foreign_refresh_token" "A client presented a refresh token that was issued to another one."
    GrantEnded "grant_ended" "The sign-in was ended: by logging out, by a change of the password, by an administrator, or because its refresh token was used twice."
    GrantExpired "grant_expired" "The refresh token was not used for too long, or the user has to sign in again by now."
    RefreshReused "refresh_reused" "A refresh token was used that had been replaced: it may be stolen, so the sign-in was ended."
    ScopeTooWide "scope_too_wide" "A client asked for more scopes at a refresh than it was granted at the sign-in."
    WrongRedirectUri "wrong_redirect_uri" "A client asked to be answered at a URI that it did not register. Nothing is sent there; register it, byte by byte."
    WrongRequestObject "wrong_request_object" "A request object is not of the client that it came for, is for another server (`aud`), or names another one."
    RequestObjectNotCurrent "request_object_not_current" "A request object has expired, or is not good yet. Look at the client's clock."
    WrongRequestUri "wrong_request_uri" "A client named a `request_uri` that is not among the `request_uris` that it registered, or from which nothing can be fetched. The log says what."
    UserRefused "user_refused" "The user refused what a client asked for."
    SignInDue "sign_in_due" "A client wanted nobody to be asked (`prompt=none`), and the user would have to sign in."
    ConsentDue "consent_due" "A client wanted nobody to be asked (`prompt=none`), and the user would have to consent."
    WrongHint "wrong_hint" "An `id_token_hint` is not an ID token that this server made for the client."
    AnotherUser "another_user" "A client has somebody in mind (`id_token_hint`, or `sub` in `claims`), and somebody else signed in."
    NoSuchClass "no_such_class" "A client insists on a class of sign-in (`acr` in `claims`) that this server does not have, or that the user did not choose."
    UpstreamAway "upstream_away" "A provider that people sign in with does not answer, or did not before and is left alone for a while. The log says more. Other ways to sign in go on."
    UpstreamRefused "upstream_refused" "Somebody was sent to a provider to sign in and came back with a refusal, mostly their own."
    UpstreamWrong "upstream_wrong" "What a provider answered cannot be taken: another issuer, an ID token that is not good, a code that it refuses. The log says what."
    UpstreamStale "upstream_stale" "Somebody came back from a provider who was not sent there with this browser, for the second time, or too late."
    NoUpstreamAccount "no_upstream_account" "Somebody signed in at a provider who has no account here, and that provider makes none (`create_users`)."
    NoUpstreamEmail "no_upstream_email" "Somebody signed in at a provider that names no email address of them, and a new account needs one."
    LinkedElsewhere "linked_elsewhere" "One of a provider's people was to be linked to an account, and is linked to another one already."
    SomebodyElse "somebody_else" "Somebody was to sign in once more with a provider, and came back as somebody else."
    SignInTooOld "sign_in_too_old" "Somebody was about to change or close an account without a password, and had signed in more than five minutes before."
    LastWayIn "last_way_in" "A link to a provider was to be given up that is the only way to sign in to the account."
    ForeignForm "foreign_form" "A form was sent that was not shown in this browser, or too long ago: its cookie or its mark is missing or wrong."
    SessionOver "session_over" "The browser's session ended while its user was asked."
    UnknownCode "unknown_code" "The text is no authorization code that this server made, or it is long forgotten."
    ForeignCode "foreign_code" "A client presented an authorization code that was issued to another one."
    CodeExpired "code_expired" "An authorization code was exchanged later than a minute after it was issued, or after its user had logged out."
    CodeMismatch "code_mismatch" "An authorization code was exchanged with another redirect URI than it was issued for."
    WrongVerifier "wrong_verifier" "An authorization code was exchanged without the verifier of its challenge (PKCE): it may have been intercepted."
    CodeReused "code_reused" "An authorization code was exchanged a second time: it may be stolen, so what it had opened was ended."
    InvalidToken "invalid_token" "The bearer token is not a live access token of this server for this endpoint."
    NoPerson "no_person" "A service called in its own name where only a person can be meant."
    InsufficientScope "insufficient_scope" "The bearer token lacks the scope that the endpoint asks for."
    NoToken "no_token" "The request carries no access token, and the endpoint wants one."
    OverLimit "over_limit" "Something was tried more often than a limit lets through. `countersign_limited_total` counts by which, the section `limits` of the settings says how often."
    NotFromHere "not_from_here" "The address may not read metrics or details. List its network in `metrics.networks`, or use a token with the scope."
    NoSuchPath "no_such_path" "Nothing is served at this path."
    WrongMediaType "wrong_media_type" "The body's content type is not one that the endpoint reads."
    InvalidFields "invalid_fields" "Members of a JSON body are missing, unknown or not acceptable; the answer lists them."
    NotThere "not_there" "What the request names does not exist."
    KeyNotReady "key_not_ready" "A signing key was to take a step that it cannot take yet, or any more; the answer says which."
    TakenName "taken_name" "Something was to be made under a name that is taken."
    BuiltIn "built_in" "Something built in was to be removed."
    Changed "changed" "What was to be changed had been changed since it was read."
    KeyReused "key_reused" "An Idempotency-Key came again with another request. The client should draw a new key for each."
    UnderWay "under_way" "The request with this Idempotency-Key came before and has not been answered yet."
    WrongMethod "wrong_method" "The path does not have this method; the Allow header lists those it has."
}

impl Refused {
    pub fn new(code: ErrorCode, reason: Reason, about: impl Into<Cow<'static, str>>) -> Self {
        Self { code, about: about.into(), reason, scope: None, fields: Vec::new(), retry_after: None, quota: None }
    }

    pub fn for_want_of(mut self, scope: Option<&str>) -> Self {
        self.scope = scope.map(str::to_owned);
        self
    }

    /// Something wrong with one member of the body.
    pub fn field(name: &str, detail: impl Into<Cow<'static, str>>) -> Self {
        FieldFaults(vec![FieldFault { field: name.to_owned(), detail: detail.into() }]).into()
    }

    /// In one sentence, with what is wrong with each member.
    pub fn told(&self) -> String {
        if self.fields.is_empty() {
            return self.about.to_string();
        }
        let each = self.fields.iter().map(|fault| format!("{}: {}", fault.field, fault.detail));
        each.collect::<Vec<_>>().join("; ")
    }

    pub fn again_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    pub fn over(mut self, quota: Quota) -> Self {
        self.quota = Some(Box::new(quota));
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

impl From<FieldFaults> for Refused {
    fn from(FieldFaults(fields): FieldFaults) -> Self {
        let about = "the request's body has members that are missing, unknown or not acceptable";
        Self { fields, ..Self::new(ErrorCode::InvalidFields, Reason::InvalidFields, about) }
    }
}

impl From<FieldFaults> for Failure {
    fn from(faults: FieldFaults) -> Self {
        Self::Refused(faults.into())
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

impl From<PasswordsBusy> for Failure {
    fn from(busy: PasswordsBusy) -> Self {
        Self::Broken(Broken { what: "passwords", passing: true, source: busy.to_string() })
    }
}

//! What is recorded: a closed list.

macro_rules! acts {
    ($($name:ident $code:literal $meaning:literal)+) => {
        /// What somebody did, as the audit log says it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Act { $(#[doc = $meaning] $name),+ }

        impl Act {
            pub const ALL: &[Self] = &[$(Self::$name),+];

            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code),+ }
            }

            /// What it means to who reads the log.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$name => $meaning),+ }
            }

            /// The act of this name.
            pub fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|act| act.as_str() == name)
            }
        }
    };
}

acts! {
    SignedIn "signed_in" "Somebody signed in."
    SignInRefused "sign_in_refused" "Somebody tried to sign in and was refused; the reason says why."
    LoginLocked "login_locked" "Too many wrong passwords from one address locked its sign-ins to an account for a while."
    SignedOut "signed_out" "A user ended a session."
    SignedOutEverywhere "signed_out_everywhere" "All sessions of a user were ended at once."
    SessionEnded "session_ended" "One session of a user was ended from a list of sessions, by the user or an administrator."
    RefreshReused "refresh_reused" "A refresh token was used again after its time. Its family was revoked: it may have been stolen."
    ConsentGiven "consent_given" "A user let a client have what it asked for; the detail names the scopes."
    ConsentWithdrawn "consent_withdrawn" "A user took back what a client was allowed. What the client had of the user ended."
    ConsentRefused "consent_refused" "A user refused what a client asked for."
    GrantOpened "grant_opened" "A client exchanged an authorization code for tokens."
    CodeReused "code_reused" "An authorization code was exchanged again. What it had opened was ended: it may have been stolen."
    TokenRevoked "token_revoked" "A client revoked a token."
    Registered "registered" "Somebody made an account. Refused: the address has one already; its owner is written to, as far as the limit of letters goes."
    VerificationSent "verification_sent" "A mail that verifies an address was asked for."
    EmailVerified "email_verified" "A user proved that the email address is theirs."
    ResetRequested "reset_requested" "A mail that resets a password was asked for."
    PasswordReset "password_reset" "A user set a new password by a mail."
    PasswordChanged "password_changed" "A user changed the password, knowing the old one, or an operator set it. Refused: somebody signed in gave a wrong old one."
    ProfileChanged "profile_changed" "A user changed names or profile."
    EmailChanged "email_changed" "The email address of an account was changed. Refused: somebody signed in gave a wrong password for it, or the account has none and the sign-in was too old."
    AccountDeleted "account_deleted" "A user closed the account; it can be opened again until it is erased. Refused: somebody signed in gave a wrong password for it, or the account has none and the sign-in was too old."
    AccountErased "account_erased" "An account was erased, with the personal data in this log: by somebody, or by the system because nobody confirmed its address in time."
    IdentityLinked "identity_linked" "A user can sign in with a provider from now on; the detail names it."
    IdentityUnlinked "identity_unlinked" "A user gave up signing in with a provider."
    UserCreated "user_created" "An administrator or operator made an account."
    UserUpdated "user_updated" "An administrator or operator changed an account."
    UserDisabled "user_disabled" "An account was disabled."
    UserEnabled "user_enabled" "A disabled account was enabled again."
    UserLocked "user_locked" "An administrator or operator locked an account."
    UserUnlocked "user_unlocked" "An account was unlocked."
    UserRolesChanged "user_roles_changed" "The roles of a user were changed."
    UserResetForced "user_reset_forced" "A user must set a new password before signing in again."
    UsersImported "users_imported" "Accounts were imported in bulk."
    RoleSet "role_set" "A role was made, or what it carries was replaced."
    RoleDeleted "role_deleted" "A role was removed."
    ScopeCreated "scope_created" "A scope was made."
    ScopeUpdated "scope_updated" "What is said of a scope was changed."
    ScopeDeleted "scope_deleted" "A scope was removed."
    ResourceSet "resource_set" "A resource was made known, or what is said of it was replaced."
    ResourceDeleted "resource_deleted" "A resource was forgotten."
    ClientCreated "client_created" "A client was registered."
    ClientUpdated "client_updated" "What a client registered was replaced."
    ClientDisabled "client_disabled" "A client was disabled."
    ClientEnabled "client_enabled" "A disabled client was enabled again."
    ClientDeleted "client_deleted" "A client was removed, with its secrets."
    ClientSecretAdded "client_secret_added" "A client got one more secret."
    ClientSecretDeleted "client_secret_deleted" "A secret of a client was ended."
    RegistrationTokenCreated "registration_token_created" "An initial access token was made, by which clients register themselves."
    RegistrationTokenDeleted "registration_token_deleted" "An initial access token was ended."
    UpstreamCreated "upstream_created" "A provider was made known that people sign in with."
    UpstreamUpdated "upstream_updated" "What is said of a provider that people sign in with was replaced."
    UpstreamDeleted "upstream_deleted" "A provider that people sign in with was forgotten, with all links to it."
    KeyRotated "key_rotated" "Another key signs from now on."
    KeyImported "key_imported" "A signing key was imported."
    KeyRetired "key_retired" "A signing key was ended: retired after its time, or withdrawn at once."
    KeysResealed "keys_resealed" "What is sealed was sealed anew under the first key-encryption key."
    AccessRefused "access_refused" "Somebody with a good token was refused what it takes an admin scope for that they lack; the detail names it."
    AuditTrimmed "audit_trimmed" "The oldest rows of this log went, as the retention says, and left a signed checkpoint."
}

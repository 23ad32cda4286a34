//! What can be said of people and their roles.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Subcommand)]
pub enum UserCommand {
    /// Make an account
    Create(NewUser),
    /// List accounts in the order in which they were made
    List(UserSearch),
    /// Show one account
    Show(Named),
    /// Change what is said of an account; what is not mentioned stays
    Update {
        #[command(flatten)]
        user: Named,
        #[command(flatten)]
        change: Box<UserUpdate>,
    },
    /// Shut a user out and end all sessions, until the account is unlocked
    Lock(Named),
    /// Unlock an account, also where too many wrong passwords locked it
    Unlock(Named),
    /// Let the user of a disabled account in again
    Enable(Named),
    /// Shut a user out and end all sessions, until the account is enabled
    Disable(Named),
    /// Set a password and end all sessions
    SetPassword {
        #[command(flatten)]
        user: Named,
        /// Read the password from standard input
        #[arg(long, required = true)]
        password_stdin: bool,
    },
    /// Show the roles of a user, or replace them
    Roles {
        #[command(flatten)]
        user: Named,
        /// A role that the user has from now on; may be repeated
        #[arg(long = "role", value_name = "ROLE")]
        roles: Vec<String>,
        /// Take all roles away, but for the one that everybody has
        #[arg(long, conflicts_with = "roles")]
        none: bool,
    },
    /// List where a user is signed in, the newest session first
    Sessions {
        #[command(flatten)]
        user: Named,
        #[command(flatten)]
        page: Page,
    },
    /// End all sessions of a user, or one
    SignOut {
        #[command(flatten)]
        user: Named,
        /// Only this one
        #[arg(long, value_name = "ID")]
        session: Option<String>,
    },
    /// End all sessions, and write the user a letter by which to set a new password
    ForceReset(Named),
    /// Remove an account; `user enable` brings it back
    Delete(Named),
    /// Remove an account for good, with all that the audit log holds of the person
    Erase(Named),
    /// Make the accounts of a file, one JSON object a line, or of standard input when it is -
    Import { file: PathBuf },
}

#[derive(Args)]
pub struct Named {
    /// Who it is
    #[arg(value_name = "USERNAME|EMAIL|ID")]
    pub name: String,
}

#[derive(Args)]
pub struct NewUser {
    #[arg(long, required_unless_present = "from")]
    pub username: Option<String>,
    #[arg(long, required_unless_present = "from")]
    pub email: Option<String>,
    /// A role besides the one that everybody has; may be repeated
    #[arg(long = "role", value_name = "ROLE")]
    pub roles: Vec<String>,
    /// Whether the address still has to be confirmed
    #[arg(long)]
    pub unverified: bool,
    /// Read the password from standard input; without it nobody signs in before one is set
    #[arg(long)]
    pub password_stdin: bool,
    /// Read the account in JSON from this file, or from standard input when it is -
    #[arg(long, value_name = "FILE", conflicts_with_all = ["username", "email", "roles", "unverified", "password_stdin"])]
    pub from: Option<PathBuf>,
}

#[derive(Args)]
#[group(required = true, multiple = true)]
pub struct UserUpdate {
    #[arg(long)]
    pub username: Option<String>,
    /// Another address is not confirmed, unless --verified says so; the one that it replaces gets a letter
    #[arg(long)]
    pub email: Option<String>,
    /// The address is confirmed
    #[arg(long, conflicts_with = "unverified")]
    pub verified: bool,
    /// The address still has to be confirmed
    #[arg(long)]
    pub unverified: bool,
    /// An empty one takes it away; so with the other names
    #[arg(long, value_name = "NAME")]
    pub given_name: Option<String>,
    #[arg(long, value_name = "NAME")]
    pub family_name: Option<String>,
    /// The whole name, as it is shown
    #[arg(id = "full_name", long = "name", value_name = "NAME")]
    pub name: Option<String>,
    /// Replace the profile by the JSON object of this file, or of standard input when it is -
    #[arg(long, value_name = "FILE")]
    pub profile: Option<PathBuf>,
}

#[derive(Args)]
pub struct UserSearch {
    /// Part of a username, an address or a name
    #[arg(value_name = "TEXT")]
    pub text: Option<String>,
    /// Only users of this role
    #[arg(long)]
    pub role: Option<String>,
    /// Only accounts that are enabled, or are not
    #[arg(long, value_name = "true|false")]
    pub enabled: Option<bool>,
    /// Only accounts that were locked, or were not
    #[arg(long, value_name = "true|false")]
    pub locked: Option<bool>,
    /// Only accounts whose address is confirmed, or is not
    #[arg(long, value_name = "true|false")]
    pub verified: Option<bool>,
    #[command(flatten)]
    pub page: Page,
}

#[derive(Args)]
pub struct Page {
    /// How many
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(i64).range(1..=1000))]
    pub limit: i64,
    /// The cursor that the page before ended with
    #[arg(long, value_name = "CURSOR")]
    pub after: Option<String>,
}

impl Page {
    /// The cursor of the next page, and the line that tells it, when there may be one behind these rows.
    pub fn next<'r, R>(&self, rows: &'r [R], key: impl Fn(&'r R) -> &'r str) -> (Option<&'r str>, String) {
        let is_full = i64::try_from(rows.len()) == Ok(self.limit);
        let next = rows.last().filter(|_| is_full).map(key);
        (next, next.map(|next| format!("\nmore: --after {next}\n")).unwrap_or_default())
    }
}

#[derive(Subcommand)]
pub enum RoleCommand {
    /// Make a role, or replace what it carries
    Set {
        name: String,
        /// A scope that it carries; may be repeated
        #[arg(long = "scope", value_name = "SCOPE")]
        scopes: Vec<String>,
        /// What it is for, in words for people; without it that stays as it is
        #[arg(long)]
        description: Option<String>,
    },
    /// List the roles
    List,
    /// Show one role
    Show { name: String },
    /// Remove a role; its users lose it at once
    Delete { name: String },
}

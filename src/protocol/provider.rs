//! Providers that people sign in with, as operators describe them (OpenID Connect Core §3.1, RFC 6749 §4.1).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

use super::members::{Members, Patch};
use super::{redirect_uri, uri};
use crate::secret::{Plain, UpstreamSecret};

/// As long as buttons are readable.
const LONGEST_LABEL: usize = 64;
const LONGEST_NAME: usize = 32;

/// What is known beforehand of a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    /// OpenID Connect, found out at the issuer.
    OpenId,
    Google,
    /// OAuth 2 and nothing else: who somebody is says an API.
    OAuth,
    GitHub,
    Facebook,
}

const PRESETS: [(&str, Preset); 5] = [
    ("openid", Preset::OpenId),
    ("google", Preset::Google),
    ("oauth", Preset::OAuth),
    ("github", Preset::GitHub),
    ("facebook", Preset::Facebook),
];

impl Preset {
    /// Whether it makes ID tokens.
    pub fn is_openid(self) -> bool {
        matches!(self, Self::OpenId | Self::Google)
    }

    /// Whether an address that it calls confirmed is so.
    pub fn confirms_addresses(self) -> bool {
        self != Self::Facebook
    }

    /// What it calls somebody for good.
    pub fn subject(self) -> &'static str {
        if self.is_openid() { "sub" } else { "id" }
    }

    /// What has it ask once more who is signed in there already, and say when it did (OpenID Connect Core §3.1.2.1). Google and
    /// GitHub have people choose an account, and ask no more than that.
    pub fn asks_again(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::OpenId => &[("prompt", "login"), ("max_age", "0")],
            Self::Google | Self::GitHub => &[("prompt", "select_account")],
            Self::Facebook => &[("auth_type", "reauthenticate")],
            Self::OAuth => &[],
        }
    }

    fn label(self) -> Option<&'static str> {
        match self {
            Self::OpenId | Self::OAuth => None,
            Self::Google => Some("Google"),
            Self::GitHub => Some("GitHub"),
            Self::Facebook => Some("Facebook"),
        }
    }

    fn issuer(self) -> Option<&'static str> {
        (self == Self::Google).then_some("https://accounts.google.com")
    }

    fn scopes(self) -> &'static [&'static str] {
        match self {
            Self::OpenId | Self::Google => &["openid", "email", "profile"],
            Self::OAuth => &[],
            Self::GitHub => &["read:user", "user:email"],
            Self::Facebook => &["email", "public_profile"],
        }
    }

    fn username(self) -> &'static str {
        if self == Self::GitHub { "login" } else { "preferred_username" }
    }

    /// Where to ask for a code, to exchange it, and to ask who it is.
    fn endpoints(self) -> [Option<&'static str>; 4] {
        match self {
            Self::GitHub => [
                Some("https://github.com/login/oauth/authorize"),
                Some("https://github.com/login/oauth/access_token"),
                Some("https://api.github.com/user"),
                Some("https://api.github.com/user/emails"),
            ],
            Self::Facebook => [
                Some("https://www.facebook.com/v24.0/dialog/oauth"),
                Some("https://graph.facebook.com/v24.0/oauth/access_token"),
                Some("https://graph.facebook.com/v24.0/me?fields=id,name,email,first_name,last_name"),
                None,
            ],
            Self::OpenId | Self::Google | Self::OAuth => [None; 4],
        }
    }
}

/// By which names a provider says what is known of somebody here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimNames {
    pub username: String,
    pub email: String,
    pub email_verified: String,
    pub name: String,
    pub given_name: String,
    pub family_name: String,
}

/// Where a provider is that cannot be asked for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoints {
    pub authorization: String,
    pub token: String,
    pub userinfo: String,
    /// A list of addresses, as GitHub has one.
    pub emails: Option<String>,
}

const ENDPOINTS: [&str; 4] = ["authorization_endpoint", "token_endpoint", "userinfo_endpoint", "emails_endpoint"];

impl Endpoints {
    fn all(&self) -> [Option<&str>; 4] {
        [Some(&*self.authorization), Some(&*self.token), Some(&*self.userinfo), self.emails.as_deref()]
    }
}

fn origin(address: &str) -> Option<url::Origin> {
    Url::parse(address).ok().map(|url| url.origin())
}

/// All that is said of a provider but its name and its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    pub preset: Preset,
    /// What the button calls it.
    pub label: String,
    pub client_id: String,
    /// Of those that make ID tokens.
    pub issuer: Option<String>,
    /// Of those that make none.
    pub endpoints: Option<Endpoints>,
    pub scopes: Vec<String>,
    pub claims: ClaimNames,
    /// Whether somebody without an account gets one.
    pub create_users: bool,
    pub enabled: bool,
}

/// A description on its way in.
pub struct Described {
    pub description: Description,
    pub secret: Patch<Plain<UpstreamSecret>>,
}

impl Description {
    /// Reads all members but the name; what is wrong is noted among them.
    pub fn read(members: &mut Members) -> Described {
        let preset = members.optional_text("preset");
        let preset = match PRESETS.iter().find(|(name, _)| *name == preset.as_deref().unwrap_or("openid")) {
            Some((_, preset)) => *preset,
            None => {
                members.wrong("preset", "is none of openid, google, github, facebook, oauth");
                Preset::OpenId
            }
        };
        let label = members.optional_text("label").or_else(|| preset.label().map(str::to_owned));
        let label = label.unwrap_or_else(|| members.missing("label"));
        if label.trim().is_empty() || label.chars().count() > LONGEST_LABEL {
            members.wrong("label", "must have 1 to 64 characters");
        }
        let client_id = members.text("client_id");
        let secret = secret(members);
        let (issuer, endpoints) =
            if preset.is_openid() { (issuer(members, preset), None) } else { (None, endpoints(members, preset)) };
        let scopes = members.optional_texts("scopes");
        let mut scopes = scopes.unwrap_or_else(|| preset.scopes().iter().map(ToString::to_string).collect());
        if scopes.iter().any(|scope| scope.is_empty() || scope.contains(|c: char| c == ' ' || !c.is_ascii_graphic())) {
            members.wrong("scopes", "are words of printable ASCII");
        }
        // Without it there would be no ID token.
        if preset.is_openid() && !scopes.iter().any(|scope| scope == "openid") {
            scopes.insert(0, "openid".to_owned());
        }
        let claims = claims(members, preset);
        let create_users = members.optional_flag("create_users").unwrap_or(true);
        let enabled = members.optional_flag("enabled").unwrap_or(true);
        let description = Self { preset, label, client_id, issuer, endpoints, scopes, claims, create_users, enabled };
        Described { description, secret }
    }

    /// What has become another party's since `before`. Whoever is asked could say that anybody is there who is linked, so links
    /// stay with whom they were made.
    pub fn moved(&self, before: &Self) -> Vec<&'static str> {
        if self.preset != before.preset {
            return vec!["preset"];
        }
        let mut moved = Vec::new();
        if self.issuer != before.issuer {
            moved.push("issuer");
        }
        if let (Some(now), Some(then)) = (&self.endpoints, &before.endpoints) {
            let pairs = ENDPOINTS.into_iter().zip(now.all().into_iter().zip(then.all()));
            moved.extend(pairs.filter(|(_, (now, then))| now.map(origin) != then.map(origin)).map(|(name, _)| name));
        }
        moved
    }

    /// Where the browser is sent to first: what a policy calls that place.
    pub fn place(&self) -> String {
        let address = self.issuer.as_deref().or(self.endpoints.as_ref().map(|all| all.authorization.as_str()));
        match address.and_then(|address| Url::parse(address).ok()) {
            // From there it may lead on to other hosts.
            Some(url) if url.scheme() == "https" => "https:".to_owned(),
            Some(url) => url.origin().ascii_serialization(),
            None => String::new(),
        }
    }
}

/// What a provider is called in addresses.
pub fn check_name(name: &str) -> Result<(), &'static str> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let is_good = !name.is_empty() && name.len() <= LONGEST_NAME && name.chars().all(allowed) && !name.starts_with('-');
    is_good.then_some(()).ok_or("must have 1 to 32 characters out of a to z, digits and -")
}

fn secret(members: &mut Members) -> Patch<Plain<UpstreamSecret>> {
    match members.nullable_text("client_secret") {
        Patch::Set(text) => Patch::Set(Plain::presented(text)),
        Patch::Clear => Patch::Clear,
        Patch::Keep => Patch::Keep,
    }
}

fn issuer(members: &mut Members, preset: Preset) -> Option<String> {
    let issuer = members.optional_text("issuer").or_else(|| preset.issuer().map(str::to_owned));
    let Some(issuer) = issuer else {
        members.missing("issuer");
        return None;
    };
    check_address(members, "issuer", &issuer);
    Some(issuer)
}

fn endpoints(members: &mut Members, preset: Preset) -> Option<Endpoints> {
    let mut found: [Option<String>; 4] = [None, None, None, None];
    for ((place, name), known) in found.iter_mut().zip(ENDPOINTS).zip(preset.endpoints()) {
        *place = members.optional_text(name).or_else(|| known.map(str::to_owned));
        match place {
            Some(address) => check_address(members, name, &address.clone()),
            None if name != "emails_endpoint" => drop(members.missing(name)),
            None => {}
        }
    }
    let [Some(authorization), Some(token), Some(userinfo), emails] = found else { return None };
    Some(Endpoints { authorization, token, userinfo, emails })
}

/// The secret goes there, and who signs in.
fn check_address(members: &mut Members, name: &'static str, address: &str) {
    match uri::absolute(address) {
        Ok(url) if url.scheme() == "https" || (url.scheme() == "http" && redirect_uri::is_loopback(&url)) => {}
        Ok(_) => members.wrong(name, "does not begin with https://"),
        Err(what) => members.wrong(name, what),
    }
}

fn claims(members: &mut Members, preset: Preset) -> ClaimNames {
    let mut names = ClaimNames {
        username: preset.username().to_owned(),
        email: "email".to_owned(),
        email_verified: "email_verified".to_owned(),
        name: "name".to_owned(),
        given_name: if preset == Preset::Facebook { "first_name" } else { "given_name" }.to_owned(),
        family_name: if preset == Preset::Facebook { "last_name" } else { "family_name" }.to_owned(),
    };
    let Patch::Set(Value::Object(given)) = members.nullable_document("claims") else { return names };
    if !overlay(&mut names, &given) {
        members
            .wrong("claims", "names username, email, email_verified, name, given_name or family_name, each by a text");
    }
    names
}

/// `false` when something is named that is not known here.
fn overlay(names: &mut ClaimNames, given: &Map<String, Value>) -> bool {
    given.iter().all(|(own, theirs)| {
        let place = match own.as_str() {
            "username" => &mut names.username,
            "email" => &mut names.email,
            "email_verified" => &mut names.email_verified,
            "name" => &mut names.name,
            "given_name" => &mut names.given_name,
            "family_name" => &mut names.family_name,
            _ => return false,
        };
        match theirs.as_str().filter(|text| !text.is_empty() && text.len() <= LONGEST_LABEL) {
            Some(text) => text.clone_into(place),
            None => return false,
        }
        true
    })
}

/// Somebody, as a provider tells of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    pub subject: String,
    pub username: Option<String>,
    pub email: Option<String>,
    /// Whether the provider says that the address is theirs.
    pub email_verified: bool,
    pub name: Option<String>,
    pub given_name: Option<String>,
    pub family_name: Option<String>,
    /// When it last asked them who they are, if it says.
    #[serde(default)]
    pub auth_time: Option<i64>,
}

/// More than that no provider names anybody by (OpenID Connect Core §2).
const LONGEST_SUBJECT: usize = 255;

impl Identity {
    /// Out of what a provider says of somebody; `None` when it does not say who it is.
    pub fn of(description: &Description, said: &Value) -> Option<Self> {
        let (preset, names) = (description.preset, &description.claims);
        let subject = match &said[preset.subject()] {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        if subject.is_empty() || subject.len() > LONGEST_SUBJECT || subject.contains('\0') {
            return None;
        }
        let text = |name: &str| said[name].as_str().filter(|text| !text.trim().is_empty()).map(str::to_owned);
        // Some say it as a text.
        let verified = &said[names.email_verified.as_str()];
        let verified = verified.as_bool().unwrap_or(verified.as_str() == Some("true"));
        Some(Self {
            subject,
            username: text(&names.username),
            email: text(&names.email).map(|email| email.trim().to_owned()),
            email_verified: verified && preset.confirms_addresses(),
            name: text(&names.name),
            given_name: text(&names.given_name),
            family_name: text(&names.family_name),
            auth_time: said["auth_time"].as_i64().filter(|_| preset.is_openid()),
        })
    }
}

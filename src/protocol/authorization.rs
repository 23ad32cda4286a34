//! The authorization endpoint (RFC 6749 §4.1.1 and §4.1.2, RFC 9207 §2, OpenID Connect Core §3.1.2, OAuth 2.0 Form Post Response
//! Mode §2): what is asked, and what is answered.

use url::form_urlencoded::Serializer;

use super::claims_request::ClaimsRequest;
use super::client_metadata::ResponseType;
use super::error::{ErrorCode, Fault, allowed_description};
use super::params::Params;
use super::pkce::CodeChallenge;
use super::redirect_uri::RedirectUri;
use super::resource::{self, ResourceUri};
use super::scope::ScopeSet;
use crate::secret::{AuthorizationCode, Plain};

/// What is carried along and said back is bounded.
const LONGEST_TEXT: usize = 1024;
const LONGEST_HINT: usize = 4096;

/// The parameters that a request may have; all others are ignored (RFC 6749 §3.1), and not carried along. Those that name a
/// request object are replaced by what it says before anything else is looked at.
pub const PARAMETERS: [&str; 19] = [
    "response_type",
    "response_mode",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
    "prompt",
    "max_age",
    "login_hint",
    "resource",
    "audience",
    "display",
    "ui_locales",
    "acr_values",
    "id_token_hint",
    "claims",
];

/// Our own: that the user has just signed in for this request. Whoever writes it there without having done so is asked for
/// less by it, and given nothing.
const SIGNED_IN: &str = "signed_in";

names! {
    /// Where the answer stands: in the redirect, or in a form that carries it.
    pub enum ResponseMode {
        Query = "query",
        Fragment = "fragment",
        FormPost = "form_post",
    }
}

/// OpenID Connect Core §3.1.2.1: what of the user the client wants asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Prompt {
    /// Nothing at all.
    pub none: bool,
    pub login: bool,
    pub consent: bool,
    /// An account to be made (Initiating User Registration via OpenID Connect 1.0 §4).
    pub create: bool,
}

/// How a client is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// By a redirect to this URI.
    Redirect(String),
    /// By a form with these fields.
    Form(Vec<(&'static str, String)>),
}

/// A request whose client and redirect URI are not looked at yet, and how it is to be answered when it is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addressed {
    pub client_id: String,
    pub redirect_uri: RedirectUri,
    pub state: Option<String>,
    pub mode: ResponseMode,
}

/// All the rest of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizationRequest {
    pub scope: Option<ScopeSet>,
    pub resources: Vec<ResourceUri>,
    /// A few clients may do without.
    pub challenge: Option<CodeChallenge>,
    pub nonce: Option<String>,
    pub prompt: Prompt,
    pub max_age: Option<i64>,
    pub login_hint: Option<String>,
    /// An ID token of whom the client has in mind.
    pub id_token_hint: Option<String>,
    pub claims: ClaimsRequest,
    /// Whether the user has just signed in for it.
    pub signed_in: bool,
}

impl Addressed {
    pub fn parse(params: &Params) -> Result<Self, Fault> {
        // A mode that is not known is refused later, by the one that is usual.
        let mode = only("response_mode", params).and_then(|mode| mode.parse().ok()).unwrap_or(ResponseMode::Query);
        let addressed = |name: &'static str| match params.all(name).count() {
            0 | 1 => params.required(name),
            _ => Err(malformed(format!("{name} is given more than once"))),
        };
        Ok(Self {
            client_id: addressed("client_id")?.to_owned(),
            redirect_uri: addressed("redirect_uri")?.parse()?,
            state: only("state", params).filter(|state| state.len() <= LONGEST_TEXT).map(str::to_owned),
            mode,
        })
    }

    /// Where a good request leads to.
    pub fn with_code(&self, issuer: &str, code: &Plain<AuthorizationCode>) -> Told {
        self.answered(issuer, &[("code", code.reveal())])
    }

    /// Where one that is refused leads to.
    pub fn with_error(&self, issuer: &str, code: ErrorCode, about: &str) -> Told {
        self.answered(issuer, &[("error", code.as_str()), ("error_description", &allowed_description(about))])
    }

    /// RFC 9207 §2: who answers is said in every answer.
    fn answered(&self, issuer: &str, parts: &[(&'static str, &str)]) -> Told {
        let state = self.state.as_deref().map(|state| ("state", state));
        let parts = parts.iter().copied().chain(state).chain([("iss", issuer)]);
        if self.mode == ResponseMode::FormPost {
            return Told::Form(parts.map(|(name, value)| (name, value.to_owned())).collect());
        }
        let answer = Serializer::new(String::new()).extend_pairs(parts).finish();
        let uri = self.redirect_uri.as_str();
        let separator = match self.mode {
            ResponseMode::Fragment => "#",
            _ if uri.ends_with(['?', '&']) => "",
            _ if uri.contains('?') => "&",
            _ => "?",
        };
        Told::Redirect(format!("{uri}{separator}{answer}"))
    }
}

impl AuthorizationRequest {
    pub fn parse(params: &Params) -> Result<Self, Fault> {
        if let Some(fault) = params.doubled() {
            return Err(fault);
        }
        check_response(params)?;
        let text = |name: &'static str| match params.get(name) {
            Some(text) if text.len() > LONGEST_TEXT => Err(malformed(format!("{name} is too long"))),
            text => Ok(text.map(str::to_owned)),
        };
        text("state")?;
        Ok(Self {
            challenge: CodeChallenge::of(params)?,
            scope: params.get("scope").map(ScopeSet::parse).transpose()?,
            resources: resource::requested(params)?,
            nonce: text("nonce")?,
            prompt: prompt(params.get("prompt"))?,
            max_age: params.get("max_age").map(max_age).transpose()?,
            login_hint: text("login_hint")?,
            id_token_hint: hint(params.get("id_token_hint"))?,
            claims: params.get("claims").map(ClaimsRequest::parse).transpose()?.unwrap_or_default(),
            signed_in: params.get(SIGNED_IN).is_some(),
        })
    }
}

/// The value of a parameter that is there once.
fn only<'p>(name: &'static str, params: &'p Params) -> Option<&'p str> {
    let mut values = params.all(name);
    values.next().filter(|_| values.next().is_none())
}

fn hint(text: Option<&str>) -> Result<Option<String>, Fault> {
    match text {
        Some(text) if text.len() > LONGEST_HINT => Err(malformed("id_token_hint is too long")),
        text => Ok(text.map(str::to_owned)),
    }
}

/// Whether it asks for a sign-in now, whoever is signed in already (OpenID Connect Core §3.1.2.1).
pub fn asks_anew(params: &Params) -> bool {
    let words = params.get("prompt").into_iter().flat_map(|prompt| prompt.split(' '));
    params.get("max_age").is_some() || words.into_iter().any(|word| ["login", "select_account"].contains(&word))
}

/// The request once more, as the query of a URL of ours.
pub fn query(params: &Params) -> String {
    carried(params, |_, value| Some(value.to_owned())).finish()
}

/// The same after a sign-in: that is not asked for again.
pub fn query_after_sign_in(params: &Params) -> String {
    let mut query = carried(params, |name, value| match name {
        "max_age" | SIGNED_IN => None,
        "prompt" => {
            let rest: Vec<&str> = value.split(' ').filter(|word| !SIGNS_IN.contains(word)).collect();
            (!rest.is_empty()).then(|| rest.join(" "))
        }
        _ => Some(value.to_owned()),
    });
    query.append_pair(SIGNED_IN, "1").finish()
}

fn carried(params: &Params, keep: impl Fn(&str, &str) -> Option<String>) -> Serializer<'static, String> {
    let mut query = Serializer::new(String::new());
    let is_known = |name: &str| name == SIGNED_IN || PARAMETERS.contains(&name);
    for (name, value) in params.iter().filter(|(name, _)| is_known(name)) {
        if let Some(value) = keep(name, value) {
            query.append_pair(name, &value);
        }
    }
    query
}

fn check_response(params: &Params) -> Result<(), Fault> {
    if params.required("response_type")?.parse::<ResponseType>().is_err() {
        let about = "only the response type code is served";
        return Err(Fault::new(ErrorCode::UnsupportedResponseType, about));
    }
    if params.get("response_mode").is_some_and(|mode| mode.parse::<ResponseMode>().is_err()) {
        return Err(malformed("response_mode is neither query nor fragment nor form_post"));
    }
    Ok(())
}

/// Words that ask for a sign-in. Whoever may choose an account chooses it by signing in, and whoever makes one is signed in by
/// that.
const SIGNS_IN: [&str; 3] = ["login", "select_account", "create"];

fn prompt(text: Option<&str>) -> Result<Prompt, Fault> {
    let mut prompt = Prompt::default();
    for word in text.into_iter().flat_map(|text| text.split(' ')) {
        match word {
            "none" => prompt.none = true,
            "consent" => prompt.consent = true,
            "create" => prompt.create = true,
            word if SIGNS_IN.contains(&word) => prompt.login = true,
            _ => return Err(malformed("prompt has a word in it that is not known")),
        }
    }
    if prompt.none && (prompt.login || prompt.consent || prompt.create) {
        return Err(malformed("prompt says none, and something else"));
    }
    Ok(prompt)
}

fn max_age(text: &str) -> Result<i64, Fault> {
    let seconds = text.parse::<u32>().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
    seconds.map(i64::from).ok_or_else(|| malformed("max_age is not a number of seconds"))
}

fn malformed(about: impl Into<std::borrow::Cow<'static, str>>) -> Fault {
    Fault::new(ErrorCode::InvalidRequest, about)
}

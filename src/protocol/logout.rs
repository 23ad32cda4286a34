//! Logging out (OpenID Connect RP-Initiated Logout 1.0 §2 and §3): what is asked, and where it leads back to.

use url::form_urlencoded::Serializer;

use super::error::{ErrorCode, Fault};
use super::params::Params;
use super::redirect_uri::RedirectUri;

/// What is carried along and said back is bounded.
const LONGEST_TEXT: usize = 1024;
const LONGEST_HINT: usize = 4096;

/// The parameters that are carried along to the page that asks; all others are ignored.
const KNOWN: [&str; 5] = ["id_token_hint", "client_id", "post_logout_redirect_uri", "state", "ui_locales"];

/// What may be said; all of it may be left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogoutRequest {
    /// An ID token of whoever is to be logged out.
    pub id_token_hint: Option<String>,
    pub client_id: Option<String>,
    pub post_logout_redirect_uri: Option<RedirectUri>,
    pub state: Option<String>,
}

impl LogoutRequest {
    pub fn parse(params: &Params) -> Result<Self, Fault> {
        let text = |name: &'static str, longest: usize| match params.get(name) {
            Some(text) if text.len() > longest => Err(malformed(format!("{name} is too long"))),
            text => Ok(text.map(str::to_owned)),
        };
        Ok(Self {
            id_token_hint: text("id_token_hint", LONGEST_HINT)?,
            client_id: text("client_id", LONGEST_TEXT)?,
            post_logout_redirect_uri: params.get("post_logout_redirect_uri").map(str::parse).transpose()?,
            state: text("state", LONGEST_TEXT)?,
        })
    }
}

/// The request once more, as the query of a URL of ours.
pub fn query(params: &Params) -> String {
    let mut query = Serializer::new(String::new());
    query.extend_pairs(params.iter().filter(|(name, _)| KNOWN.contains(name)));
    query.finish()
}

/// §3: where the browser goes afterwards, with the state that it came with.
pub fn location(uri: &RedirectUri, state: Option<&str>) -> String {
    let uri = uri.as_str();
    let Some(state) = state else { return uri.to_owned() };
    let separator = match uri {
        uri if uri.ends_with(['?', '&']) => "",
        uri if uri.contains('?') => "&",
        _ => "?",
    };
    let state = Serializer::new(String::new()).append_pair("state", state).finish();
    format!("{uri}{separator}{state}")
}

fn malformed(about: impl Into<std::borrow::Cow<'static, str>>) -> Fault {
    Fault::new(ErrorCode::InvalidRequest, about)
}

//! An answer to a client that a form carries there — OAuth 2.0 Form Post Response Mode §2. One script sends it; its button does
//! where scripts do not run.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::StatusCode;
use http::header::CONTENT_SECURITY_POLICY;
use minijinja::{Value, context};
use poem::{Request, Response};
use sha2::{Digest, Sha256};

use super::render::{Reader, whereto};
use crate::app::App;
use crate::failure::Outcome;
use crate::protocol::redirect_uri::RedirectUri;

const SCRIPT: &str = "document.forms[0].submit()";

pub fn form_post(
    app: &App,
    request: &Request,
    to: &RedirectUri,
    fields: &[(&'static str, String)],
) -> Outcome<Response> {
    let reader = Reader::of(app, request);
    let fields: Vec<Value> =
        fields.iter().map(|(name, value)| context! { name => *name, value => value.as_str() }).collect();
    let values = context! { to => to.as_str(), fields, script => Value::from_safe_string(SCRIPT.to_owned()) };
    let mut response = reader.page(StatusCode::OK, "form_post.html", values)?;
    let script = BASE64.encode(Sha256::digest(SCRIPT));
    let policy = reader.policy(&whereto(to), &format!("script-src 'sha256-{script}'; "));
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    Ok(response)
}

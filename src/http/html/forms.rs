//! Forms as pages send them, and the marks by which a page knows its own.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use poem::{Request, RequestBody};

use crate::app::App;
use crate::failure::{Failure, Outcome, Reason, Refused};
use crate::http::body::{LONGEST, Unread};
use crate::http::form::FORM;
use crate::protocol::error::ErrorCode;
use crate::protocol::members::Members;
use crate::secret::Plain;

pub async fn read(app: &App, request: &Request, body: &mut RequestBody) -> Outcome<Members> {
    let unreadable = || Refused::new(ErrorCode::InvalidRequest, Reason::Malformed, "this is not the form of the page");
    let body = Unread::of(request, body).map_err(|_| unreadable())?;
    if !body.is(FORM) {
        return Err(unreadable().into());
    }
    Ok(Members::from_form(body.read(&app.config.server, LONGEST).await?)?)
}

/// What a form holds to show that this server made it, for the browser that has this cookie and for nothing else than
/// `parts` say.
pub fn mark<K>(app: &App, cookie: &Plain<K>, parts: &[&str]) -> String {
    BASE64URL.encode(app.keyring.secret_hash_key().mac(&marked(cookie, parts)))
}

/// Whether it does, in constant time.
pub fn has_mark<K>(app: &App, cookie: &Plain<K>, parts: &[&str], mark: &str) -> bool {
    let mark = BASE64URL.decode(mark).unwrap_or_default();
    app.keyring.secret_hash_key().verifies(&marked(cookie, parts), &mark)
}

fn marked<'a, K>(cookie: &'a Plain<K>, parts: &[&'a str]) -> Vec<&'a [u8]> {
    let mut marked: Vec<&[u8]> = vec![b"form", cookie.reveal().as_bytes()];
    marked.extend(parts.iter().map(|part| part.as_bytes()));
    marked
}

/// A form that another page made, or this one in another browser.
pub fn foreign() -> Failure {
    let about = "the form is not of this browser, or not of this sign-in any more: go back, load the page again, and allow \
                 its cookies";
    Refused::new(ErrorCode::Forbidden, Reason::ForeignForm, about).into()
}

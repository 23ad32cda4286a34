//! A client that proves itself by what it has signed (RFC 7523 §3), with a key of its own or with its secret. Each assertion is
//! good once, and only for this server.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;

use super::authenticate::refused;
use super::signatures;
use crate::app::App;
use crate::directory::Client;
use crate::failure::{Outcome, Reason};
use crate::protocol::client_assertion::{ClientAssertion, Flaw};
use crate::store::client_assertions::UsedAssertion;
use crate::time::UnixTime;

/// `paths` are those of the endpoints that it may be for, besides this server as a whole.
pub(super) async fn check(
    app: &App,
    client: &Client,
    assertion: &ClientAssertion,
    paths: &[&str],
    now: UnixTime,
) -> Outcome<()> {
    let issuer = &app.config.issuer;
    let endpoints: Vec<String> = paths.iter().map(|path| issuer.endpoint(path)).collect();
    let audiences: Vec<&str> = std::iter::once(issuer.as_str()).chain(endpoints.iter().map(String::as_str)).collect();
    assertion.check(&audiences, now).map_err(|flaw| refused(reason(flaw)))?;
    if client.assertion_algorithm().is_some_and(|registered| registered != assertion.algorithm()) {
        return Err(refused(Reason::WrongKey).into());
    }
    signatures::check(app, client, assertion.signed(), now).await?.map_err(refused)?;
    // Last, so that only what the client has made is remembered.
    let name = [b"client assertion".as_slice(), client.id.as_bytes(), assertion.name().as_bytes()];
    let hash = BASE64URL.encode(app.keyring.secret_hash_key().mac(&name));
    if app.store.use_assertion(UsedAssertion { hash, expires_at: assertion.ends() }).await? {
        Ok(())
    } else {
        Err(refused(Reason::AssertionReused).into())
    }
}

const fn reason(flaw: Flaw) -> Reason {
    match flaw {
        Flaw::Subject | Flaw::Audience => Reason::WrongAssertion,
        Flaw::Time => Reason::AssertionNotCurrent,
    }
}

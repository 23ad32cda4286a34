//! What a client says in a request object (OpenID Connect Core §6, RFC 9101 §5 and §6) instead of in the query. It is read first of all,
//! and once: what follows knows of a request in which everything stands in the query. That is safe as long as a client may
//! ask so, too: an object only shows that it asked, and not that it asks no other way.

use super::known;
use crate::app::App;
use crate::clients::signatures;
use crate::directory::Client;
use crate::failure::{Outcome, Reason, Refused};
use crate::limits;
use crate::protocol::error::{ErrorCode, Fault};
use crate::protocol::params::Params;
use crate::protocol::request_object::RequestObject;
use crate::time::UnixTime;

const TYPES: &str = "application/oauth-authz-req+jwt, application/jwt";

/// The same request, all of it as a query; `None` where it is that already.
pub async fn as_query(app: &App, params: &Params, now: UnixTime) -> Outcome<Option<String>> {
    if ["request", "request_uri"].iter().all(|name| params.get(name).is_none()) {
        return Ok(None);
    }
    if let Some(fault) = params.doubled() {
        return Err(fault.into());
    }
    let client = known(app, params.required("client_id")?).await?;
    let object = match (params.get("request"), params.get("request_uri")) {
        (Some(text), None) => RequestObject::parse(text)?,
        (None, Some(uri)) => fetched(app, &client, uri, now).await?,
        _ => {
            let about = "request and request_uri are both given";
            return Err(Fault::new(ErrorCode::InvalidRequest, about).into());
        }
    };
    object
        .check(&client.id, app.config.issuer.as_str())
        .map_err(|fault| Refused::new(fault.code, Reason::WrongRequestObject, fault.about))?;
    if !object.is_current(now) {
        let about = "the request object has expired, or is not good yet";
        return Err(refused(Reason::RequestObjectNotCurrent, about).into());
    }
    check_signature(app, &client, &object, now).await?;
    Ok(Some(object.with(params)?))
}

async fn check_signature(app: &App, client: &Client, object: &RequestObject, now: UnixTime) -> Outcome<()> {
    if client.request_object_algorithm().is_some_and(|registered| registered != object.algorithm()) {
        let about = "the request object is signed by another algorithm than the client registered, or not at all";
        return Err(refused(Reason::WrongKey, about).into());
    }
    let Some(signed) = object.signed() else { return Ok(()) };
    let wrong = |reason| refused(reason, "the request object is not signed by the client");
    Ok(signatures::check(app, client, signed, now).await?.map_err(wrong)?)
}

/// Only from where the client said before that its objects are: nobody else has this server call anybody.
async fn fetched(app: &App, client: &Client, uri: &str, now: UnixTime) -> Outcome<RequestObject> {
    let refused = |about| Refused::new(ErrorCode::InvalidRequestUri, Reason::WrongRequestUri, about);
    if !client.keeps_requests_at(uri) {
        return Err(refused("request_uri is not one that the client registered").into());
    }
    if client.is_stranger() {
        limits::call_for_stranger(app, &client.id, now).await?;
    }
    let text = app.hosts.text(uri, TYPES, now).await.map_err(|error| {
        tracing::info!(client_id = client.id, %error, "a request object cannot be fetched");
        refused("no request object can be fetched from request_uri")
    })?;
    Ok(RequestObject::parse(&text)?)
}

fn refused(reason: Reason, about: &'static str) -> Refused {
    Refused::new(ErrorCode::InvalidRequestObject, reason, about)
}

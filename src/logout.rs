//! Who leaves, and where to — OpenID Connect RP-Initiated Logout 1.0. A client that shows an ID token of whoever is signed in
//! with this browser has them logged out at once; anybody else only has the user asked.

use std::sync::Arc;

use crate::accounts::sessions;
use crate::app::App;
use crate::audit::{Actor, Origin};
use crate::directory::Client;
use crate::failure::{Outcome, Reason, Refused};
use crate::protocol::error::ErrorCode;
use crate::protocol::id_token::Presented;
use crate::protocol::logout::{LogoutRequest, location};
use crate::protocol::params::Params;
use crate::protocol::redirect_uri::RedirectUri;
use crate::store::sessions::SessionStanding;
use crate::time::UnixTime;
use crate::tokens;

/// A request that was looked at.
pub struct Leaving {
    /// Who asks, if that is known.
    pub client: Option<Arc<Client>>,
    hint: Option<Presented>,
    /// Where the client registered that users come back to.
    pub back_to: Option<RedirectUri>,
    state: Option<String>,
}

/// What is wrong with a request is a page, and never leads back: a browser is sent nowhere that is not registered.
pub async fn read(app: &App, params: &Params) -> Outcome<Leaving> {
    let request = LogoutRequest::parse(params)?;
    let hint = match &request.id_token_hint {
        Some(token) => Some(tokens::id_token_of_anybody(app, token).await?.ok_or_else(no_hint)?),
        None => None,
    };
    let client = client(app, &request, hint.as_ref()).await?;
    let back_to = match (request.post_logout_redirect_uri, &client) {
        (Some(uri), Some(client)) if client.may_return_to(&uri) => Some(uri),
        (Some(_), Some(_)) => {
            let about = "the application asked to be returned to at a URI that it is not registered for";
            return Err(Refused::new(ErrorCode::InvalidRedirectUri, Reason::WrongRedirectUri, about).into());
        }
        // Of somebody unknown; it is not followed.
        (_, None) | (None, _) => None,
    };
    Ok(Leaving { client, hint, back_to, state: request.state })
}

/// Who asks: the client that is named, or the one that the ID token was made for.
async fn client(app: &App, request: &LogoutRequest, hint: Option<&Presented>) -> Outcome<Option<Arc<Client>>> {
    if let (Some(id), Some(hint)) = (&request.client_id, hint)
        && !hint.aud.contains(id)
    {
        return Err(no_hint().into());
    }
    let made_for = hint.and_then(|hint| hint.aud.0.first());
    let Some(id) = request.client_id.as_ref().or(made_for) else { return Ok(None) };
    let vitals = app.store.client_vitals(id).await?;
    let found = match vitals.filter(|vitals| !vitals.disabled) {
        Some(_) => app.directory.client(id).await?,
        None => None,
    };
    if found.is_none() && request.client_id.is_some() {
        let about = "the application is not known here";
        return Err(Refused::new(ErrorCode::InvalidRequest, Reason::UnknownClient, about).into());
    }
    Ok(found)
}

impl Leaving {
    /// Whether the client showed that it means this session, so that nobody needs to be asked.
    pub fn means(&self, app: &App, session: &SessionStanding) -> bool {
        let session = &session.session;
        let of_user = |client: &Client, hint: &Presented| hint.sub == tokens::subject(app, client, &session.user_id);
        match (&self.client, &self.hint) {
            (Some(client), Some(hint)) => {
                of_user(client, hint) && hint.sid.as_ref().is_none_or(|sid| *sid == session.id)
            }
            _ => false,
        }
    }

    /// Where the browser goes afterwards, if the client may say so.
    pub fn location(&self) -> Option<String> {
        self.back_to.as_ref().map(|uri| location(uri, self.state.as_deref()))
    }
}

/// Ends the browser's session, or everything that its user ever granted.
pub async fn end(
    app: &App,
    leaving: &Leaving,
    session: &SessionStanding,
    everywhere: bool,
    origin: &Origin,
    now: UnixTime,
) -> Outcome<()> {
    let session = &session.session;
    if everywhere {
        return sessions::end_all(app, &session.user_id, Actor::User(&session.user_id), origin, now).await;
    }
    let client_id = leaving.client.as_ref().map(|client| client.id.as_str());
    sessions::sign_out(app, session, client_id, origin, now).await
}

fn no_hint() -> Refused {
    let about = "id_token_hint is not an ID token that this server made for the application";
    Refused::new(ErrorCode::InvalidRequest, Reason::WrongHint, about)
}

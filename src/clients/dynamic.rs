//! Clients that register themselves (RFC 7591), and look after what they registered (RFC 7592).

use serde::Serialize;
use serde_json::{Value, json};

use super::allowed::{Known, refused};
use super::initial;
use super::manage::{self, Document};
use super::register::{Prepared, Registered, described, prepare, update};
use super::sector;
use crate::app::App;
use crate::audit::{Act, Actor, By, Origin};
use crate::failure::{Broken, Failure, Outcome, Reason, Refused};
use crate::protocol::client_authentication::AuthMethod;
use crate::protocol::client_metadata::ClientMetadata;
use crate::protocol::error::{ErrorCode, Fault};
use crate::protocol::scope::ScopeSet;
use crate::secret::{ClientSecret, InitialToken, Plain, RegistrationToken};
use crate::store::clients::ClientRow;
use crate::store::registrations::{InitialTokenRow, RegistrationRow, SelfRegistered};
use crate::time::UnixTime;

/// Where clients register, and below it where each looks after itself.
pub const PATH: &str = "/oauth2/register";

/// A client that has just registered itself.
pub struct Newcomer {
    client: Registered,
    token: Plain<RegistrationToken>,
    at: UnixTime,
    uri: String,
}

/// The right to register one.
pub struct Permit(Option<InitialTokenRow>);

/// What this token allows, or, without one, what is allowed to everybody.
pub async fn permit(app: &App, presented: Option<&Plain<InitialToken>>, now: UnixTime) -> Outcome<Permit> {
    Ok(Permit(initial::permit(app, presented, now).await?))
}

pub async fn register(
    app: &App,
    Permit(permit): Permit,
    body: &[u8],
    origin: Origin,
    now: UnixTime,
) -> Outcome<Newcomer> {
    let more = permit.as_ref().map(|token| token.scope.clone()).unwrap_or_default();
    let without_pkce = permit.as_ref().is_some_and(|token| token.without_pkce);
    let metadata = read(body, without_pkce)?;
    let metadata = Known { without_pkce, invited: permit.is_some(), ..known(app, &more).await? }.judge(metadata)?;
    sector::check(app, &metadata, now).await?;
    let Prepared { made, row, secret } = prepare(app, metadata, now).await?;
    let token = Plain::<RegistrationToken>::generate();
    let registration = RegistrationRow {
        client_id: made.id.clone(),
        hash: token.hash(app.keyring.secret_hash_key()),
        scope: more,
        created_at: now,
        invited: permit.is_some(),
    };
    let mut about = json!({"registered_itself": true});
    if let Some(permit) = &permit {
        about["registration_token"] = permit.id.as_str().into();
    }
    let by = By { actor: Actor::Nobody, origin };
    let audit = described(by.does(Act::ClientCreated), &made.id, &made.metadata).and_with(about).record(now);
    let new = SelfRegistered { client: row, secret, registration, spends: permit.map(|token| token.hash) };
    if !app.store.register_client(new, now, audit).await? {
        return Err(initial::spent().into());
    }
    let uri = location(app, &made.id);
    Ok(Newcomer { client: made, token, at: now, uri })
}

/// The client that holds this registration access token. Whatever is wrong, the answer is the same.
pub async fn owner(app: &App, id: &str, token: &Plain<RegistrationToken>) -> Outcome<Owner> {
    let wrong = || {
        let about = "the registration access token is not good here";
        Refused::new(ErrorCode::InvalidToken, Reason::WrongRegistrationToken, about)
    };
    let registration = app.store.registration(id).await?.ok_or_else(wrong)?;
    if !registration.hash.matches(&token.hash(app.keyring.secret_hash_key())) {
        return Err(wrong().into());
    }
    // One that was disabled can neither change anything nor take its traces away.
    let row = app.store.client(id).await?.filter(|row| row.disabled_at.is_none()).ok_or_else(wrong)?;
    Ok(Owner { row, registration })
}

/// A client that has shown its registration access token.
pub struct Owner {
    row: ClientRow,
    registration: RegistrationRow,
}

impl Owner {
    /// Replaces what it registered, whole. `body` is what was sent: its members beyond the metadata have to agree with what
    /// is (RFC 7592 §2.2).
    pub async fn update(self, app: &App, body: &[u8], origin: Origin, now: UnixTime) -> Outcome<Self> {
        let before = ClientMetadata::parse(self.row.document.as_bytes()).map_err(|fault| {
            let source = format!("a stored client: {}", fault.about);
            Failure::Broken(Broken { what: "store", passing: false, source })
        })?;
        // What it has it may keep. What it gave up only an operator gives back, who may also have taken it away.
        let without_pkce = !before.require_pkce;
        let metadata = read(body, without_pkce)?;
        self.check_unchangeable(app, body).await?;
        let invited = self.registration.invited;
        let mut known = Known { without_pkce, invited, ..known(app, &self.registration.scope).await? };
        known.more = known.more.into_iter().chain(before.scope.into_iter().flatten()).collect();
        // How long its tokens live only an operator says.
        let access_token_lifetime = before.access_token_lifetime;
        let metadata = ClientMetadata { access_token_lifetime, ..known.judge(metadata)? };
        sector::check(app, &metadata, now).await?;
        let id = self.row.id.clone();
        let by = By { actor: Actor::Client(&id), origin };
        let row = update(app, self.row, metadata, &by, now).await?.ok_or_else(|| {
            let about = "somebody else has changed the client at this moment: try again";
            Refused::new(ErrorCode::Conflict, Reason::Changed, about)
        })?;
        Ok(Self { row, registration: self.registration })
    }

    async fn check_unchangeable(&self, app: &App, body: &[u8]) -> Outcome<()> {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let refused = |about: &str| Failure::from(refused(Reason::Malformed, about.to_owned()));
        if body.get("client_id").and_then(Value::as_str) != Some(&self.row.id) {
            return Err(refused("client_id is missing, or is another client's"));
        }
        let issued = ["registration_access_token", "registration_client_uri", "client_id_issued_at"];
        if issued.iter().chain(&["client_secret_expires_at"]).any(|name| body.get(name).is_some()) {
            return Err(refused("a member that only this server says must not be sent (RFC 7592 section 2.2)"));
        }
        let Some(secret) = body.get("client_secret") else { return Ok(()) };
        let secret = Plain::<ClientSecret>::presented(secret.as_str().unwrap_or_default());
        let hash = secret.hash(app.keyring.secret_hash_key());
        let vitals = app.store.client_vitals(&self.row.id).await?.unwrap_or_default();
        let is_own = vitals.secrets.iter().fold(false, |found, (stored, _)| stored.matches(&hash) | found);
        if is_own {
            Ok(())
        } else {
            Err(refused("client_secret is not the client's: a client does not choose its secret"))
        }
    }

    /// Removes it with all that users granted it; `false` when it is gone already.
    pub async fn delete(self, app: &App, origin: Origin, now: UnixTime) -> Outcome<bool> {
        let by = By { actor: Actor::Client(&self.row.id), origin };
        manage::delete(app, &self.row.id, None, &by, now).await
    }

    /// What it registered (RFC 7592 §3). Its secret is not known here any more; the token is the one that was shown.
    pub fn document(&self, app: &App, token: &Plain<RegistrationToken>) -> Value {
        let mut document = manage::shown(&self.row);
        if let Some(members) = document.as_object_mut() {
            for ours in ["created_at", "updated_at", "disabled_at"] {
                members.remove(ours);
            }
            members.insert("client_id_issued_at".to_owned(), self.registration.created_at.seconds().into());
            members.insert("registration_client_uri".to_owned(), location(app, &self.row.id).into());
            members.insert("registration_access_token".to_owned(), token.reveal().into());
        }
        document
    }
}

/// RFC 7591 §3.2.1.
#[derive(Serialize)]
pub struct NewcomerDocument<'a> {
    #[serde(flatten)]
    client: Document<'a>,
    client_id_issued_at: i64,
    registration_access_token: &'a str,
    registration_client_uri: &'a str,
}

impl Newcomer {
    pub fn document(&self) -> NewcomerDocument<'_> {
        NewcomerDocument {
            client: self.client.document(),
            client_id_issued_at: self.at.seconds(),
            registration_access_token: self.token.reveal(),
            registration_client_uri: &self.uri,
        }
    }

    pub fn uri(&self) -> &str {
        &self.uri
    }
}

async fn known(app: &App, more: &str) -> Outcome<Known> {
    let more = if more.is_empty() { ScopeSet::empty() } else { ScopeSet::parse(more)? };
    let (scopes, resources) = (app.store.scopes().await?, app.store.resources().await?);
    Ok(Known { scopes, resources, more, without_pkce: false, invited: false })
}

/// What a client says of itself. One that can prove itself, and may do without PKCE, does so unless it says otherwise: most that
/// cannot send a challenge know nothing of our `require_pkce` either.
fn read(body: &[u8], without_pkce: bool) -> Result<ClientMetadata, Fault> {
    let metadata = ClientMetadata::parse(body)?;
    let says = serde_json::from_slice::<Value>(body).is_ok_and(|said| !said["require_pkce"].is_null());
    let is_exempt = without_pkce && !says && metadata.token_endpoint_auth_method != Some(AuthMethod::None);
    Ok(ClientMetadata { require_pkce: metadata.require_pkce && !is_exempt, ..metadata })
}

fn location(app: &App, id: &str) -> String {
    app.config.issuer.endpoint(&format!("{PATH}/{id}"))
}

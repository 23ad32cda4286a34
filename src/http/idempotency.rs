//! `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header-07): a request that was sent again, because its answer was
//! lost, is answered again and not done again. A key belongs to one caller at one route, and to one body, for a day.
//!
//! A caller without a token is known by its address: a key that strangers happen to share does not meet, and whoever
//! repeats a request must know all of it, secrets included, to be given its answer. Refusals are kept like any answer, but
//! those that a later attempt may not meet: 401, 429 and whatever broke let the key go.
//!
//! The act and the keeping of its answer are two transactions. A node that dies between them leaves a reservation that
//! another request may take over after a minute; it then meets what was done, such as a name that is taken.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use poem::{Request, Response};
use poem_openapi::types::Type;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::body::malformed;
use super::client_address::ClientAddress;
use super::context::request_id;
use super::parameter::parameter;
use super::reply::{self, Manner};
use crate::app::App;
use crate::failure::{Broken, Failure, Outcome, Reason, Refused};
use crate::observe::RequestId;
use crate::protocol::error::ErrorCode;
use crate::secret;
use crate::store::idempotency::{Reservation, Reserved};

const NAME: &str = "idempotency-key";
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
const LONGEST: usize = 255;
/// When to ask again for the answer of a request that is under way.
const RETRY_SECONDS: u64 = 1;

/// The header as it came.
pub enum IdempotencyKey {
    Absent,
    One(String),
    Unreadable,
}

impl IdempotencyKey {
    fn of(headers: &HeaderMap) -> Self {
        let mut values = headers.get_all(NAME).iter();
        let is_key = |text: &&str| (1..=LONGEST).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        match (values.next(), values.next()) {
            (None, _) => Self::Absent,
            (Some(value), None) => match value.to_str().ok().filter(is_key) {
                Some(key) => Self::One(key.to_owned()),
                None => Self::Unreadable,
            },
            (Some(_), Some(_)) => Self::Unreadable,
        }
    }

    fn read(&self) -> Outcome<Option<&str>> {
        match self {
            Self::Absent => Ok(None),
            Self::One(key) => Ok(Some(key)),
            Self::Unreadable => Err(malformed("Idempotency-Key is not one key of 1 to 255 visible ASCII characters")),
        }
    }
}

/// Whoever sends a request without a token.
pub fn stranger(request: &Request) -> String {
    let address = request.extensions().get::<ClientAddress>();
    format!("address {}", address.map_or_else(String::new, |ClientAddress(address)| address.to_string()))
}

/// Does `act` unless this request of this caller was done before; then its answer is given again. The act goes on to its
/// end when the caller goes away in the middle of it.
pub async fn once<A>(
    app: &Arc<App>,
    request: &Request,
    key: &IdempotencyKey,
    caller: &str,
    body: &[u8],
    act: A,
) -> Outcome<Response>
where
    A: Future<Output = Outcome<Response>> + Send + 'static,
{
    let Some(key) = key.read()? else { return act.await };
    let reservation = reservation(app, request, key, caller, body);
    match app.store.reserve(reservation.clone(), app.clock.now()).await? {
        Reserved::Yours => {
            let task = tokio::spawn(perform(Arc::clone(app), reservation, request_id(request), act));
            task.await.map_err(|error| broken(format!("an act did not end: {error}")))?
        }
        Reserved::Done(answer) => again(app, &reservation.id, &answer),
        Reserved::UnderWay => {
            let about = "the request with this Idempotency-Key is under way; ask again for its answer";
            Err(Refused::new(ErrorCode::Conflict, Reason::UnderWay, about).again_after(RETRY_SECONDS).into())
        }
        Reserved::OtherRequest => {
            let about = "the Idempotency-Key was used for another request";
            Err(Refused::new(ErrorCode::IdempotencyKeyReused, Reason::KeyReused, about).into())
        }
    }
}

/// MACs, because a body may hold a password that a plain hash would let somebody guess.
fn reservation(app: &App, request: &Request, key: &str, caller: &str, body: &[u8]) -> Reservation {
    let mac = |parts: &[&[u8]]| BASE64URL.encode(app.keyring.secret_hash_key().mac(parts));
    let (method, path) = (request.method().as_str().as_bytes(), request.uri().path().as_bytes());
    let query = request.uri().query().unwrap_or_default().as_bytes();
    Reservation {
        id: mac(&[b"idempotency key", method, path, caller.as_bytes(), key.as_bytes()]),
        request_hash: mac(&[b"idempotency body", query, body]),
        holder: secret::random_id(),
    }
}

async fn perform(
    app: Arc<App>,
    reservation: Reservation,
    request_id: RequestId,
    act: impl Future<Output = Outcome<Response>>,
) -> Outcome<Response> {
    let answer = match act.await {
        Ok(response) => response,
        Err(failure) if !is_final(&failure) => {
            let_go(&app, reservation).await;
            return Err(failure);
        }
        Err(failure) => reply::failure(failure, Manner::Problem, &request_id, &app.counters),
    };
    let answer = Kept::of(answer).await?;
    match seal(&app, &reservation.id, &answer) {
        Ok(sealed) => match app.store.keep_answer(reservation, sealed).await {
            Ok(true) => {}
            Ok(false) => tracing::warn!(%request_id, "an answer came too late to be kept"),
            Err(error) => tracing::warn!(%request_id, %error, "an answer could not be kept"),
        },
        Err(_) => tracing::warn!(%request_id, "an answer could not be sealed"),
    }
    answer.response()
}

/// Whether the same request would fail in the same way whenever it came again.
fn is_final(failure: &Failure) -> bool {
    match failure {
        Failure::Broken(_) => false,
        Failure::Refused(refused) => {
            !matches!(reply::status(refused), StatusCode::UNAUTHORIZED | StatusCode::TOO_MANY_REQUESTS)
        }
    }
}

async fn let_go(app: &App, reservation: Reservation) {
    if let Err(error) = app.store.let_go(reservation).await {
        tracing::warn!(%error, "a reservation could not be let go and will run out by itself");
    }
}

/// An answer as it is sealed.
#[derive(Serialize, Deserialize)]
struct Kept {
    status: u16,
    headers: Vec<(String, String)>,
    body: Zeroizing<String>,
}

impl Kept {
    async fn of(mut response: Response) -> Outcome<Self> {
        let unreadable = |_| broken("an answer could not be read back".to_owned());
        let body = response.take_body().into_bytes().await.map_err(unreadable)?;
        let text =
            |(name, value): (&HeaderName, &HeaderValue)| Some((name.to_string(), value.to_str().ok()?.to_owned()));
        Ok(Self {
            status: response.status().as_u16(),
            headers: response.headers().iter().filter_map(text).collect(),
            body: Zeroizing::new(BASE64URL.encode(body)),
        })
    }

    fn response(&self) -> Outcome<Response> {
        let unreadable = || broken("a kept answer cannot be read".to_owned());
        let body = BASE64URL.decode(self.body.as_bytes()).map_err(|_| unreadable())?;
        let status = StatusCode::from_u16(self.status).map_err(|_| unreadable())?;
        let mut response = Response::builder().status(status).body(Bytes::from(body));
        for (name, value) in &self.headers {
            let name = HeaderName::try_from(name).map_err(|_| unreadable())?;
            response.headers_mut().append(name, HeaderValue::try_from(value).map_err(|_| unreadable())?);
        }
        Ok(response)
    }
}

fn purpose(id: &str) -> String {
    format!("idempotency {id}")
}

fn seal(app: &App, id: &str, answer: &Kept) -> Outcome<String> {
    Ok(app.keyring.seal_for(&purpose(id), &Zeroizing::new(reply::bytes(answer)?))?)
}

fn again(app: &App, id: &str, sealed: &str) -> Outcome<Response> {
    let bytes = app.keyring.open_for(&purpose(id), sealed)?;
    let answer: Kept = serde_json::from_slice(&bytes).map_err(|error| broken(error.to_string()))?;
    let mut response = answer.response()?;
    response.headers_mut().insert(REPLAYED, const { HeaderValue::from_static("true") });
    Ok(response)
}

fn broken(source: String) -> Failure {
    Failure::Broken(Broken { what: "http", source, passing: false })
}

parameter!(IdempotencyKey, Header, String::schema_ref(), |request| Self::of(request.headers()));

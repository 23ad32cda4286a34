//! Lists in pages: each goes on after the last key of the one before, so that what is added meanwhile moves nothing.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use http::HeaderValue;
use http::header::LINK;
use poem::{Request, Response};
use poem_openapi::registry::{MetaSchema, MetaSchemaRef};
use poem_openapi::types::Type;
use serde::Serialize;
use url::form_urlencoded;

use super::body::malformed;
use super::parameter::parameter;
use super::query::Given;
use super::reply;
use crate::app::App;
use crate::failure::Outcome;

const SHORTEST: i64 = 1;
const LONGEST: i64 = 200;
const USUAL: i64 = 50;

/// `?limit=`: how long a page may be.
pub struct Limit(Given);

/// `?after=`: the cursor of the page before.
pub struct After(Given);

/// A page that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    pub limit: i64,
    /// The last key of the page before.
    pub after: Option<String>,
}

impl Asked {
    pub fn of(limit: Limit, after: After) -> Outcome<Self> {
        let limit = match limit.0 {
            Given::Not => Some(USUAL),
            Given::Once(text) => text.parse().ok().filter(|limit| (SHORTEST..=LONGEST).contains(limit)),
            Given::Again => None,
        };
        let after = match after.0 {
            Given::Not => Some(None),
            Given::Once(cursor) => key(&cursor).map(Some),
            Given::Again => None,
        };
        Ok(Self {
            limit: limit.ok_or_else(|| malformed("limit is not a number from 1 to 200"))?,
            after: after.ok_or_else(|| malformed("after is not a cursor of this list"))?,
        })
    }

    /// How many rows to look for: one more than fit tells whether there is another page.
    pub fn rows(&self) -> i64 {
        self.limit + 1
    }

    /// The page, out of `rows` rows; `key` is what they are ordered by.
    pub fn answer<R, V: Serialize>(
        &self,
        app: &App,
        request: &Request,
        mut rows: Vec<R>,
        key: impl Fn(&R) -> &str,
        show: impl Fn(&R) -> V,
    ) -> Outcome<Response> {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let goes_on = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| goes_on).map(|last| BASE64URL.encode(key(last)));
        let link = next.as_deref().and_then(|next| link(app, request, next));
        let mut response = reply::json(&Page { items: rows.iter().map(show).collect(), next })?;
        if let Some(link) = link {
            response.headers_mut().insert(LINK, link);
        }
        Ok(response)
    }
}

#[derive(Serialize)]
struct Page<V> {
    items: Vec<V>,
    next: Option<String>,
}

fn key(cursor: &str) -> Option<String> {
    let text = String::from_utf8(BASE64URL.decode(cursor).ok()?).ok()?;
    (!text.is_empty() && !text.contains(char::is_control)).then_some(text)
}

/// RFC 8288: the same list with the same filters, further on.
fn link(app: &App, request: &Request, next: &str) -> Option<HeaderValue> {
    let mut query = form_urlencoded::Serializer::new(String::new());
    let asked = form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes());
    for (name, value) in asked.filter(|(name, _)| name != "after") {
        query.append_pair(&name, &value);
    }
    query.append_pair("after", next);
    let address = app.config.issuer.endpoint(request.uri().path());
    HeaderValue::from_str(&format!("<{address}?{}>; rel=\"next\"", query.finish())).ok()
}

fn schema_of_limit() -> MetaSchemaRef {
    let bound = |number: i64| i32::try_from(number).ok().map(f64::from);
    MetaSchemaRef::Inline(Box::new(MetaSchema {
        minimum: bound(SHORTEST),
        maximum: bound(LONGEST),
        default: Some(USUAL.into()),
        ..MetaSchema::new("integer")
    }))
}

parameter!(Limit, Query, schema_of_limit(), |request| Self(Given::of(request, "limit")));
parameter!(After, Query, String::schema_ref(), |request| Self(Given::of(request, "after")));

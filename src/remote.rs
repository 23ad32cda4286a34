//! Outbound HTTP: bounded in time and size, and no redirects.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{ACCEPT, CACHE_CONTROL};
use reqwest::{Client, ClientBuilder, RequestBuilder, Response};
use serde_json::Value;
use url::{Host, Url, form_urlencoded};

const PATIENCE: Duration = Duration::from_secs(5);
const LONGEST: u64 = 256 * 1024;

/// Reads a JSON document from an address that the operator named.
pub async fn get_json(url: &str) -> Result<Value, String> {
    let client = bounded().build().map_err(|error| chain(&error))?;
    let response = client.get(url).send().await.map_err(|error| chain(&error))?;
    json(response).await.map_err(|error| error.to_string())
}

fn bounded() -> ClientBuilder {
    Client::builder().timeout(PATIENCE).redirect(reqwest::redirect::Policy::none()).no_proxy()
}

/// Made at the first call: it reads every certificate that this machine trusts, which would be most of a start.
#[derive(Clone, Default)]
struct Http(Arc<OnceLock<Client>>);

impl Http {
    fn or(&self, build: impl FnOnce() -> ClientBuilder) -> Result<&Client, String> {
        if let Some(made) = self.0.get() {
            return Ok(made);
        }
        let made = build().build().map_err(|error| chain(&error))?;
        Ok(self.0.get_or_init(|| made))
    }
}

async fn json(response: Response) -> Result<Value, Unreached> {
    serde_json::from_slice(&good(response).await?).map_err(|_| Unreached::Strange("its answer is not JSON".to_owned()))
}

/// What a good answer says.
async fn good(response: Response) -> Result<Vec<u8>, Unreached> {
    let status = response.status();
    if !status.is_success() {
        let about = format!("it answers {status}");
        return Err(if status.is_server_error() { Unreached::Away(about) } else { Unreached::Strange(about) });
    }
    read(response).await
}

/// No more of it than anybody needs.
async fn read(mut response: Response) -> Result<Vec<u8>, Unreached> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| Unreached::Away(chain(&error)))? {
        body.extend_from_slice(&chunk);
        if body.len() as u64 > LONGEST {
            return Err(Unreached::Strange("its answer is too long".to_owned()));
        }
    }
    Ok(body)
}

/// What calls providers, at addresses that the operator named: any.
#[derive(Clone, Default)]
pub struct Caller(Http);

/// The status of an answer below 500, and the JSON in it; `Null` where there is none.
pub type Said = (u16, Value);

impl Caller {
    fn http(&self) -> Result<&Client, String> {
        // Some answer nobody who does not say who they are.
        self.0.or(|| bounded().user_agent("countersign"))
    }

    pub async fn get(&self, url: &str, bearer: Option<&str>) -> Result<Said, String> {
        let request = self.http()?.get(url);
        said(bearer.into_iter().fold(request, RequestBuilder::bearer_auth)).await
    }

    /// With the name and the password of RFC 6749 §2.3.1, if there are any.
    pub async fn post(&self, url: &str, basic: Option<(&str, &str)>, form: &[(&str, &str)]) -> Result<Said, String> {
        let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let request = self.http()?.post(url).form(form);
        said(match basic {
            Some((name, password)) => request.basic_auth(encoded(name), Some(encoded(password))),
            None => request,
        })
        .await
    }
}

async fn said(request: RequestBuilder) -> Result<Said, String> {
    let response = request.header(ACCEPT, "application/json").send().await.map_err(|error| chain(&error))?;
    let status = response.status();
    if status.is_server_error() || status.is_redirection() {
        return Err(format!("it answers {status}"));
    }
    let body = read(response).await.map_err(|error| error.to_string())?;
    Ok((status.as_u16(), serde_json::from_slice(&body).unwrap_or_default()))
}

/// A document that a client keeps.
#[derive(Debug)]
pub struct Found {
    pub json: Value,
    /// For how many seconds it is good, if it says (RFC 9111 §5.2.2).
    pub max_age: Option<u64>,
}

/// What calls clients, at addresses that they registered.
#[derive(Clone)]
pub struct Outbound {
    http: Http,
    private: bool,
}

/// Why a call came to nothing.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Unreached {
    /// The address leads to where nobody is called.
    #[error("its address is not a public one")]
    NotAllowed,
    /// Later it may be there.
    #[error("{0}")]
    Away(String),
    /// It did not answer several times, and is not asked for a while.
    #[error("its server is left alone for a while")]
    Resting,
    /// It answers, and not with what is asked for.
    #[error("{0}")]
    Strange(String),
}

impl Outbound {
    /// `private` says whether they may be on this machine or in a private network.
    pub fn new(private: bool) -> Self {
        Self { http: Http::default(), private }
    }

    fn http(&self) -> Result<&Client, Unreached> {
        let guarded = || bounded().dns_resolver(Arc::new(Guard { private: self.private }));
        self.http.or(guarded).map_err(Unreached::Away)
    }

    /// Whom a URL calls.
    pub fn host(url: &str) -> String {
        Url::parse(url).map_or_else(|_| String::new(), |url| url.origin().ascii_serialization())
    }

    /// The status of the answer; of the rest of it nothing is read.
    pub async fn post_form(&self, url: &str, form: &[(&str, &str)]) -> Result<u16, Unreached> {
        let sent = self.http()?.post(self.allowed(url)?).form(form).send().await;
        Ok(sent.map_err(|error| Unreached::of(&error))?.status().as_u16())
    }

    /// A JSON document, as it is there now.
    pub async fn get(&self, url: &str) -> Result<Found, Unreached> {
        let response = self.ask(url, "application/json").await?;
        let max_age = response.headers().get(CACHE_CONTROL).and_then(|value| max_age(value.to_str().ok()?));
        Ok(Found { json: json(response).await?, max_age })
    }

    /// A text of one of these types.
    pub async fn get_text(&self, url: &str, types: &str) -> Result<String, Unreached> {
        let body = good(self.ask(url, types).await?).await?;
        String::from_utf8(body).map_err(|_| Unreached::Strange("its answer is not a text".to_owned()))
    }

    async fn ask(&self, url: &str, types: &str) -> Result<Response, Unreached> {
        let asked = self.http()?.get(self.allowed(url)?).header(ACCEPT, types);
        asked.send().await.map_err(|error| Unreached::of(&error))
    }

    fn allowed(&self, url: &str) -> Result<Url, Unreached> {
        // What is an address already is not looked up.
        let parsed = Url::parse(url).map_err(|error| Unreached::Away(error.to_string()))?;
        let address = match parsed.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            _ => None,
        };
        if !self.private && address.is_some_and(|address| !is_public(address)) {
            return Err(Unreached::NotAllowed);
        }
        Ok(parsed)
    }
}

/// What may not be kept is good for no time.
fn max_age(header: &str) -> Option<u64> {
    let mut directives = header.split(',').map(|directive| directive.trim().to_ascii_lowercase());
    let mut age = None;
    directives.try_for_each(|directive| {
        if directive == "no-store" || directive == "no-cache" {
            age = Some(0);
            return None;
        }
        age = age.or_else(|| directive.strip_prefix("max-age=")?.parse().ok());
        Some(())
    });
    age
}

impl Unreached {
    fn of(error: &reqwest::Error) -> Self {
        let mut source: Option<&dyn std::error::Error> = Some(error);
        while let Some(each) = source {
            if each.is::<Private>() {
                return Self::NotAllowed;
            }
            source = each.source();
        }
        Self::Away(chain(error))
    }
}

/// Looks names up, and keeps the addresses that may be called: what is connected to is what was looked at.
struct Guard {
    private: bool,
}

/// A name of nothing but private addresses.
#[derive(Debug, thiserror::Error)]
#[error("its addresses are private")]
struct Private;

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let private = self.private;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> = found.filter(|at| private || is_public(at.ip())).collect();
            if allowed.is_empty() {
                return Err(Private.into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// Whether an address is of the internet, and of nobody's own network. What carries another address in it is taken for none.
pub fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [first, second, third, _] = address.octets();
            let special = address.is_private()
                || address.is_loopback()
                || address.is_link_local()
                || address.is_documentation()
                || address.is_multicast();
            let shared = first == 100 && second & 0xc0 == 64;
            let assigned = first == 192 && second == 0 && third == 0;
            let benchmarks = first == 198 && second & 0xfe == 18;
            !(special || shared || assigned || benchmarks || first == 0 || first >= 240)
        }
        // 2000::/3 without documentation, Teredo, ORCHID and 6to4.
        IpAddr::V6(address) => {
            let [first, second, ..] = address.segments();
            first & 0xe000 == 0x2000 && first != 0x2002 && !(first == 0x2001 && (second < 0x200 || second == 0xdb8))
        }
    }
}

/// The library says what it did, its sources say what was wrong.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

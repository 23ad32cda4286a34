//! Personas: clients that were registered as an operator registers them, and what they hold and do.

use countersign::app::App;
use countersign::audit::By;
use countersign::clients::{self, NewSecret};
use countersign::protocol::client_authentication::AuthMethod;
use countersign::protocol::client_metadata::ClientMetadata;
use countersign::protocol::resource::ResourceUri;
use countersign::protocol::scope::ScopeSet;
use countersign::time::UnixTime;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use super::forge::Parts;
use super::{Answer, Node, World, secrets};

pub const TOKEN: &str = "/oauth2/token";
pub const INTROSPECT: &str = "/oauth2/introspect";
pub const REVOKE: &str = "/oauth2/revoke";

/// A client that knows how to prove itself.
#[derive(Clone)]
pub struct Persona {
    pub id: String,
    /// Empty for a public client.
    pub secret: String,
    pub secret_id: String,
    pub method: AuthMethod,
}

/// A token answer, taken apart.
pub struct Token {
    pub text: String,
    pub answer: Value,
    pub header: Value,
    pub claims: Value,
}

impl Token {
    /// Out of an answer that must be a good one.
    pub fn of(answer: &Answer) -> Self {
        assert_eq!(answer.status, 200, "{answer:?}");
        let answer = answer.json();
        let text = answer["access_token"].as_str().expect("a token").to_owned();
        let Parts { header, claims, .. } = Parts::of(&text);
        Self { text, answer, header, claims }
    }

    /// The refresh token that came with it.
    pub fn next(&self) -> &str {
        self.answer["refresh_token"].as_str().unwrap_or_else(|| panic!("a refresh token: {}", self.answer))
    }

    /// What the client was told of who signed in.
    pub fn id_token(&self) -> Option<&str> {
        self.answer["id_token"].as_str()
    }

    /// The grant that it stands on.
    pub fn grant(&self) -> &str {
        self.claims["grant_id"].as_str().unwrap_or_else(|| panic!("a grant: {}", self.claims))
    }

    pub fn scope(&self) -> &str {
        self.claims["scope"].as_str().unwrap_or("")
    }

    pub fn kid(&self) -> &str {
        self.header["kid"].as_str().expect("a kid")
    }
}

impl World {
    /// A confidential client for client credentials; the story says what else it is.
    pub async fn service_client(&self, change: impl FnOnce(&mut ClientMetadata)) -> Persona {
        self.client(r#"{"grant_types":["client_credentials"]}"#, change).await
    }

    /// A client that cannot keep a secret.
    pub async fn public_client(&self) -> Persona {
        let document = r#"{"redirect_uris":["http://127.0.0.1/callback"],"token_endpoint_auth_method":"none"}"#;
        self.client(document, |_| ()).await
    }

    pub async fn client(&self, document: &str, change: impl FnOnce(&mut ClientMetadata)) -> Persona {
        let mut metadata = ClientMetadata::parse(document.as_bytes()).expect("metadata");
        change(&mut metadata);
        let client = clients::register(&self.app, metadata, &By::operator(), self.clock.now()).await.expect("a client");
        self.look().await;
        let (secret_id, secret) = client.secret.map(noted).unwrap_or_default();
        Persona { id: client.id, secret, secret_id, method: client.auth_method }
    }
}

/// The id of a secret, and its text.
fn noted(new: NewSecret) -> (String, String) {
    secrets::note(new.secret.reveal());
    (new.id, new.secret.reveal().to_owned())
}

pub fn scopes(names: &str) -> Option<ScopeSet> {
    Some(ScopeSet::parse(names).expect("scopes"))
}

/// What an answer says was granted, in an order that can be compared.
pub fn sorted(scope: &str) -> Vec<&str> {
    let mut names: Vec<&str> = scope.split(' ').filter(|name| !name.is_empty()).collect();
    names.sort_unstable();
    names
}

pub fn resources<'u>(uris: impl IntoIterator<Item = &'u str>) -> Vec<ResourceUri> {
    uris.into_iter().map(|uri| uri.parse().expect("a resource")).collect()
}

impl Persona {
    /// The same client with one more secret; the others end at `others_expire_at`, if that is given.
    pub async fn with_another_secret(
        &self,
        app: &App,
        expires_at: Option<UnixTime>,
        others_expire_at: Option<UnixTime>,
    ) -> Self {
        let now = app.clock.now();
        let new = clients::add_secret(app, &self.id, expires_at, others_expire_at, &By::operator(), now)
            .await
            .expect("a secret");
        let (secret_id, secret) = noted(new);
        Self { secret, secret_id, ..self.clone() }
    }

    /// A request that proves the client in the way that it registered.
    pub fn request(&self, node: &Node, path: &str, form: &[(&str, &str)]) -> RequestBuilder {
        let request = node.request(Method::POST, path);
        let mut form = form.to_vec();
        match self.method {
            AuthMethod::ClientSecretBasic => request.basic_auth(&self.id, Some(&self.secret)).form(&form),
            AuthMethod::ClientSecretPost => {
                form.extend([("client_id", self.id.as_str()), ("client_secret", &self.secret)]);
                request.form(&form)
            }
            _ => {
                form.push(("client_id", &self.id));
                request.form(&form)
            }
        }
    }

    pub async fn post(&self, node: &Node, path: &str, form: &[(&str, &str)]) -> Answer {
        let answer = node.send(self.request(node, path, form)).await;
        if !self.secret.is_empty() {
            answer.never_says(&[&self.secret]);
        }
        answer
    }

    /// Asks for a token; `form` is all but the grant type.
    pub async fn ask(&self, node: &Node, form: &[(&str, &str)]) -> Answer {
        let form = [&[("grant_type", "client_credentials")], form].concat();
        self.post(node, TOKEN, &form).await
    }

    pub async fn token_for(&self, node: &Node, form: &[(&str, &str)]) -> Token {
        Token::of(&self.ask(node, form).await)
    }

    pub async fn token(&self, node: &Node) -> Token {
        self.token_for(node, &[]).await
    }

    pub async fn introspect(&self, node: &Node, token: &str) -> Value {
        let answer = self.post(node, INTROSPECT, &[("token", token)]).await;
        assert_eq!((answer.status, answer.header("cache-control")), (200, "no-store"), "{answer:?}");
        let answer = answer.json();
        let keys = answer.as_object().expect("an object").len();
        assert!(answer["active"] == true || keys == 1, "of a token that is not active nothing else is said: {answer}");
        answer
    }

    pub async fn sees_alive(&self, node: &Node, token: &str) -> bool {
        self.introspect(node, token).await["active"].as_bool().expect("yes or no")
    }

    pub async fn revoke(&self, node: &Node, token: &str) -> Answer {
        self.post(node, REVOKE, &[("token", token)]).await
    }

    /// Asserts that the token is revoked without a word.
    pub async fn revoke_well(&self, node: &Node, token: &str) {
        let answer = self.revoke(node, token).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, ""), "{answer:?}");
    }
}

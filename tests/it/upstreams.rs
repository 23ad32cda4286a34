//! People sign in with others: with a second server of ours, with one that says what a story wants, and with one that is away.

mod accounts;
mod again;
mod away;
mod flow;
mod governed;
mod linking;
mod presets;
mod refused;
mod tokens;

use countersign::audit::By;
use countersign::failure::Outcome;
use countersign::protocol::members::Members;
use countersign::store::upstreams::UpstreamRow;
use countersign::upstreams;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::harness::{Arrived, Backend, Browser, Persona, User, World, secrets};

/// Where the button stands that leads to the other server.
const BUTTON: &str = "login/with/there";

/// A server that people sign in at, and another one that they sign in with.
pub struct Two {
    pub here: World,
    pub there: World,
}

/// A browser as each of the two knows it.
#[derive(Default)]
pub struct Person {
    pub here: Browser,
    pub there: Browser,
}

/// Makes a provider known, out of what an operator would say.
pub async fn described(world: &World, description: &Value) -> Outcome<UpstreamRow> {
    let members = Members::from_json(Zeroizing::new(description.to_string().into_bytes())).expect("JSON");
    let row = upstreams::create(&world.app, members, &By::operator(), world.clock.now()).await;
    world.look().await;
    row
}

impl Two {
    pub async fn meet(backend: Backend) -> Self {
        Self::with(backend.world().await, backend, |_| ()).await
    }

    pub async fn with(here: World, backend: Backend, change: impl FnOnce(&mut Value)) -> Self {
        let there = backend.world().await;
        let client = client_of(&there, &here, "there").await;
        let mut description = json!({
            "name": "there", "label": "The other one", "issuer": there.issuer(), "client_id": client.id,
            "client_secret": client.secret,
        });
        change(&mut description);
        described(&here, &description).await.expect("a provider");
        Self { here, there }
    }

    /// Presses the button that begins so, signs in over there and consents: all the way back to where the server there sends
    /// the browser to.
    pub async fn goes_there(&self, person: &mut Person, page: &Arrived, button: &str, user: &User) -> String {
        let arrived = presses(&self.here, person, page, button).await;
        let Arrived::Client(url) = &arrived else { panic!("over there, not {arrived:?}") };
        let path = url.as_str().strip_prefix(self.there.issuer()).expect("the other server").to_owned();
        let mut arrived = person.there.opens(&self.there, &path).await;
        if arrived.asks_for_password() {
            arrived = person.there.signs_in(&self.there, &arrived, user).await;
        }
        if arrived.asks_for_consent() {
            arrived = person.there.allows(&self.there, &arrived).await;
        }
        arrived.code(&self.there);
        self.back(&arrived)
    }

    /// The path to which the browser comes back.
    pub fn back(&self, arrived: &Arrived) -> String {
        let Arrived::Client(url) = arrived else { panic!("on the way back, not {arrived:?}") };
        if let Some((_, state)) = url.query_pairs().find(|(name, _)| name == "state") {
            secrets::note(&state);
        }
        url.as_str().strip_prefix(self.here.issuer()).expect("here").to_owned()
    }

    /// The same, and back into the server here.
    pub async fn signs_in(&self, person: &mut Person, page: &Arrived, user: &User) -> Arrived {
        let back = self.goes_there(person, page, BUTTON, user).await;
        person.here.opens(&self.here, &back).await
    }

    /// Signs in for nothing but the account.
    pub async fn to_account(&self, person: &mut Person, user: &User) -> Arrived {
        let page = person.here.opens(&self.here, "/login").await;
        self.signs_in(person, &page, user).await
    }

    /// How many accounts there are here.
    pub async fn accounts(&self) -> usize {
        self.here.texts("SELECT id FROM users").await.len()
    }
}

/// Presses the button of a page that begins so.
pub async fn presses(here: &World, person: &mut Person, page: &Arrived, button: &str) -> Arrived {
    let (action, hidden) = page.form_to(button).unwrap_or_else(|| panic!("a button {button}: {page:?}"));
    person.here.sends_filled(here, &format!("/{}", action.trim_start_matches('/')), &hidden, &[]).await
}

/// What one server is to another: a client like any other.
pub async fn client_of(there: &World, here: &World, name: &str) -> Persona {
    let document = json!({
        "client_name": "Here", "grant_types": ["authorization_code"], "scope": "openid email profile",
        "redirect_uris": [format!("{}/login/from/{name}", here.issuer())],
    });
    there.client(&document.to_string(), |_| ()).await
}

/// The sentence with which somebody ends up at the sign-in page, which still signs people in.
pub fn says_why_not(arrived: &Arrived, sentence: &str) {
    let Arrived::Page { at, answer } = arrived else { panic!("the sign-in page, not {arrived:?}") };
    assert!(at.starts_with("/login?") && answer.status == 200, "{arrived:?}");
    assert!(answer.body.contains(sentence), "{sentence}: {arrived:?}");
    assert!(arrived.asks_for_password(), "{arrived:?}");
}

/// What the log says of each act of a kind.
pub async fn acts(world: &World, act: &str) -> Vec<Value> {
    let rows = world
        .texts(&format!("SELECT outcome || ' ' || COALESCE(reason, '') || ' ' || COALESCE(detail, '{{}}') FROM audit_log WHERE act = '{act}' ORDER BY id"))
        .await;
    let rows = rows.into_iter().map(|row| {
        let mut parts = row.splitn(3, ' ');
        let mut next = || parts.next().expect("three parts").to_owned();
        let (outcome, reason, detail) = (next(), next(), next());
        json!({"outcome": outcome, "reason": reason, "detail": serde_json::from_str::<Value>(&detail).expect("JSON")})
    });
    rows.collect()
}

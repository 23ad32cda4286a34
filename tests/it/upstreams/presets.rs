//! Providers that are known beforehand, played by one that says what they say. OAuth 2 and nothing else says who somebody is.

use serde_json::{Value, json};

use super::{Person, described, presses, says_why_not};
use crate::harness::{Arrived, Backend, Provider, World, secrets, stories};

stories![
    somebody_signs_in_with_github,
    github_confirms_the_address_or_does_not,
    facebook_never_confirms_an_address,
    some_refuse_with_two_hundred,
    what_google_is_need_not_be_said,
    what_is_wrong_with_a_description_is_told_member_by_member,
];

struct Scene {
    here: World,
    provider: Provider,
    name: &'static str,
}

impl Scene {
    async fn new(backend: Backend, preset: &'static str) -> Self {
        let (here, provider) = (backend.world().await, Provider::start().await);
        let mut description = json!({
            "name": preset, "preset": preset, "client_id": "here", "client_secret": "a secret",
            "authorization_endpoint": provider.url("/authorize"), "token_endpoint": provider.url("/token"),
            "userinfo_endpoint": provider.url("/user"),
        });
        if preset == "github" {
            description["emails_endpoint"] = json!(provider.url("/user/emails"));
        }
        described(&here, &description).await.expect("a provider");
        provider.says("/token", 200, &json!({"access_token": "gho_x", "token_type": "bearer", "scope": "user:email"}));
        Self { here, provider, name: preset }
    }

    async fn signs_in(&self, person: &mut Person) -> Arrived {
        let page = person.here.opens(&self.here, "/login").await;
        let arrived = presses(&self.here, person, &page, &format!("login/with/{}", self.name)).await;
        let Arrived::Client(url) = arrived else { panic!("over there, not {arrived:?}") };
        assert!(url.as_str().starts_with(&self.provider.url("/authorize?")), "{url}");
        let (_, state) = url.query_pairs().find(|(name, _)| name == "state").expect("a state");
        secrets::note(&state);
        assert!(!url.query_pairs().any(|(name, _)| name == "nonce"), "there is no ID token: {url}");
        person.here.opens(&self.here, &format!("/login/from/{}?code=abc&state={state}", self.name)).await
    }

    async fn is_verified(&self, email: &str) -> bool {
        let user = self.here.app.store.user_named(email).await.expect("an answer").expect("an account");
        user.verified_at.is_some()
    }
}

fn octocat(email: Value) -> Value {
    json!({"login": "octocat", "id": 583231, "name": "The Octocat", "email": email})
}

async fn somebody_signs_in_with_github(backend: Backend) {
    let scene = Scene::new(backend, "github").await;
    scene.provider.says("/user", 200, &octocat(json!("public@example.org")));
    let emails = json!([
        {"email": "second@example.org", "primary": false, "verified": true},
        {"email": "octocat@example.org", "primary": true, "verified": true},
    ]);
    scene.provider.says("/user/emails", 200, &emails);
    let account = scene.signs_in(&mut Person::default()).await;
    for said in ["value=\"octocat\"", "value=\"The Octocat\""] {
        assert!(account.page().body.contains(said), "{said}: {account:?}");
    }
    assert!(scene.is_verified("octocat@example.org").await);
    assert_eq!(scene.here.texts("SELECT subject FROM identities").await, ["583231"]);
    let form = scene.provider.asked_at("/token").pop().expect("a call").form;
    for (name, value) in [("client_id", "here"), ("client_secret", "a secret"), ("code", "abc")] {
        assert_eq!(form[name], value);
    }
    let asked = scene.provider.asked_at("/user/emails").pop().expect("a call");
    assert!(asked.head.contains("authorization: bearer gho_x") && asked.head.contains("user-agent: "), "{asked:?}");
    // Another name there is the same person.
    scene.provider.says("/user", 200, &json!({"login": "renamed", "id": 583231}));
    let account = scene.signs_in(&mut Person::default()).await;
    assert!(account.page().body.contains("value=\"octocat\""), "{account:?}");
}

async fn github_confirms_the_address_or_does_not(backend: Backend) {
    let scene = Scene::new(backend, "github").await;
    scene.provider.says("/user", 200, &octocat(json!("public@example.org")));
    scene.provider.says("/user/emails", 200, &json!([]));
    says_why_not(&scene.signs_in(&mut Person::default()).await, "did not tell an email address");
    let emails = json!([{"email": "octocat@example.org", "primary": true, "verified": false}]);
    scene.provider.says("/user/emails", 200, &emails);
    scene.signs_in(&mut Person::default()).await;
    assert!(!scene.is_verified("octocat@example.org").await);
}

async fn facebook_never_confirms_an_address(backend: Backend) {
    let scene = Scene::new(backend, "facebook").await;
    let said = json!({"id": "102", "name": "Ann Other", "email": "ann@example.org", "email_verified": true,
        "first_name": "Ann", "last_name": "Other"});
    scene.provider.says("/user", 200, &said);
    let account = scene.signs_in(&mut Person::default()).await;
    for said in ["value=\"ann\"", "value=\"Ann\"", "value=\"Other\""] {
        assert!(account.page().body.contains(said), "{said}: {account:?}");
    }
    assert!(!scene.is_verified("ann@example.org").await);
    // Nor does it take over the account of somebody who has the address.
    let bob = scene.here.user("bob").await;
    scene.provider.says("/user", 200, &json!({"id": "103", "name": "Bob", "email": bob.email}));
    let proof = scene.signs_in(&mut Person::default()).await;
    assert!(proof.page().body.contains("Is this your account?"), "{proof:?}");
    scene.provider.says("/user", 200, &json!({"id": "104", "name": "Without"}));
    says_why_not(&scene.signs_in(&mut Person::default()).await, "did not tell an email address");
}

async fn some_refuse_with_two_hundred(backend: Backend) {
    let scene = Scene::new(backend, "github").await;
    scene.provider.says("/token", 200, &json!({"error": "bad_verification_code", "access_token": "gho_y"}));
    says_why_not(&scene.signs_in(&mut Person::default()).await, "cannot be taken here");
    scene.provider.says("/token", 200, &json!({"token_type": "bearer"}));
    says_why_not(&scene.signs_in(&mut Person::default()).await, "cannot be taken here");
    scene.provider.says("/token", 200, &json!({"access_token": "gho_x"}));
    scene.provider.says("/user", 401, &json!({"message": "Bad credentials"}));
    says_why_not(&scene.signs_in(&mut Person::default()).await, "cannot be taken here");
    scene.provider.says("/user", 200, &json!({"login": "nobody"}));
    scene.provider.says("/user/emails", 200, &json!([]));
    says_why_not(&scene.signs_in(&mut Person::default()).await, "cannot be taken here");
}

async fn what_google_is_need_not_be_said(backend: Backend) {
    let world = backend.world().await;
    let row = described(&world, &json!({"name": "google", "preset": "google", "client_id": "x"})).await.expect("one");
    let said: Value = serde_json::from_str(&row.document).expect("JSON");
    assert_eq!((&said["issuer"], &said["label"]), (&json!("https://accounts.google.com"), &json!("Google")));
    assert_eq!(said["scopes"], json!(["openid", "email", "profile"]));
    let page = Person::default().here.opens(&world, "/login").await;
    assert!(page.page().body.contains("Sign in with Google"), "{page:?}");
    let policy = page.page().header("content-security-policy");
    assert!(policy.contains("form-action 'self' https:;"), "it may lead on to hosts of its own: {policy}");
}

async fn what_is_wrong_with_a_description_is_told_member_by_member(backend: Backend) {
    let world = backend.world().await;
    let good = json!({"name": "x", "label": "X", "issuer": "https://x.example", "client_id": "x"});
    for (member, value, field) in [
        ("name", json!("X y"), "name"),
        ("name", Value::Null, "name"),
        ("preset", json!("myspace"), "preset"),
        ("label", json!(" "), "label"),
        ("client_id", json!(""), "client_id"),
        ("issuer", json!("http://x.example"), "issuer"),
        ("issuer", json!("x"), "issuer"),
        ("issuer", Value::Null, "issuer"),
        ("scopes", json!(["a b"]), "scopes"),
        ("claims", json!({"sub": "x"}), "claims"),
        ("claims", json!({"email": 1}), "claims"),
        ("token_endpoint", json!("https://x.example/token"), "token_endpoint"),
        ("roles", json!([]), "roles"),
    ] {
        let mut wrong = good.clone();
        wrong[member] = value;
        let failure = described(&world, &wrong).await.expect_err("refused");
        let countersign::failure::Failure::Refused(refused) = failure else { panic!("{member}: {failure:?}") };
        let fields: Vec<&str> = refused.fields.iter().map(|fault| fault.field.as_str()).collect();
        assert_eq!(fields, [field], "{member}");
    }
    let without = json!({"name": "x", "preset": "oauth", "label": "X", "client_id": "x"});
    let failure = described(&world, &without).await.expect_err("refused");
    let countersign::failure::Failure::Refused(refused) = failure else { panic!("{failure:?}") };
    let fields: Vec<&str> = refused.fields.iter().map(|fault| fault.field.as_str()).collect();
    assert_eq!(fields, ["authorization_endpoint", "token_endpoint", "userinfo_endpoint"]);
    described(&world, &good).await.expect("a good one");
    assert!(described(&world, &good).await.is_err(), "its name is taken");
}

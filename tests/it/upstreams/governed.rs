//! Providers are made known, described and forgotten by administrators and operators.

use reqwest::Method;
use reqwest::header::{ETAG, LOCATION};
use serde_json::{Value, json};

use super::{Person, Two, acts};
use crate::api::{Governed, faulty};
use crate::harness::{A_SECOND, Backend, scopes, secrets, stories, within};
use crate::process::Home;

stories![
    a_provider_is_made_shown_replaced_and_forgotten,
    a_secret_goes_in_and_never_comes_out,
    links_stay_with_whom_they_were_made,
    who_lacks_the_scope_is_refused,
    what_is_forgotten_takes_its_links_with_it,
    an_operator_does_the_same_by_command,
];

const UPSTREAMS: &str = "/api/v1/admin/upstreams";

fn description() -> Value {
    json!({"name": "corp", "label": "Corp", "issuer": "https://id.corp.example", "client_id": "here", "client_secret": "s3cret of corp"})
}

async fn a_provider_is_made_shown_replaced_and_forgotten(backend: Backend) {
    let governed = Governed::start(backend).await;
    let made = governed.post(UPSTREAMS, &description()).await;
    assert_eq!(made.status, 201, "{made:?}");
    let location = made.header(LOCATION).strip_prefix(governed.world.issuer()).expect("an address here").to_owned();
    assert_eq!(location, format!("{UPSTREAMS}/corp"));
    let redirect_uri = format!("{}/login/from/corp", governed.world.issuer());
    assert_eq!((&made.json()["redirect_uri"], &made.json()["has_secret"]), (&json!(redirect_uri), &json!(true)));
    let shown = governed.get(&location).await;
    assert_eq!((shown.json(), shown.header(ETAG)), (made.json(), made.header(ETAG)));
    governed.post(UPSTREAMS, &description()).await.is_problem(409, "conflict");
    let mut wrong = description();
    wrong["name"] = json!("Corp!");
    wrong["issuer"] = json!("http://id.corp.example");
    let refused = governed.post(UPSTREAMS, &wrong).await;
    refused.is_problem(422, "invalid_fields");
    assert_eq!(faulty(&refused), ["name", "issuer"]);
    let page = Person::default().here.opens(&governed.world, "/login").await;
    assert!(page.page().body.contains("Sign in with Corp"), "{page:?}");

    let anew = json!({"label": "Corporation", "issuer": "https://id.corp.example", "client_id": "here", "create_users": false});
    let tag = made.header(ETAG).to_owned();
    let changed = governed.send(Method::PUT, &location, &[("if-match", &tag)], Some(&anew)).await;
    assert_eq!((changed.status, &changed.json()["label"]), (200, &json!("Corporation")), "{changed:?}");
    assert_eq!((&changed.json()["create_users"], &changed.json()["has_secret"]), (&json!(false), &json!(true)));
    let late = governed.send(Method::PUT, &location, &[("if-match", &tag)], Some(&anew)).await;
    late.is_problem(412, "precondition_failed");
    governed.send(Method::DELETE, &location, &[("if-match", &tag)], None).await.is_problem(412, "precondition_failed");
    let mut renamed = anew.clone();
    renamed["name"] = json!("another");
    assert_eq!(faulty(&governed.send(Method::PUT, &location, &[], Some(&renamed)).await), ["name"]);
    let another = governed.world.another_node().await;
    within(A_SECOND, "every node knows", async || another.get("/login").await.body.contains("Corporation")).await;
    assert_eq!(governed.get(UPSTREAMS).await.json()["items"], json!([changed.json()]));
    let gone = governed.send(Method::DELETE, &location, &[], None).await;
    assert_eq!((gone.status, gone.body.as_str()), (204, ""), "{gone:?}");
    for path in [location.as_str(), "/api/v1/admin/upstreams/No%20name"] {
        governed.get(path).await.is_problem(404, "not_found");
    }
    for act in ["upstream_created", "upstream_updated", "upstream_deleted"] {
        assert_eq!(acts(&governed.world, act).await.len(), 1, "{act}");
    }
}

async fn a_secret_goes_in_and_never_comes_out(backend: Backend) {
    let governed = Governed::start(backend).await;
    secrets::note("s3cret of corp");
    for answer in [governed.post(UPSTREAMS, &description()).await, governed.get(UPSTREAMS).await] {
        answer.never_says(&["s3cret of corp"]);
    }
    let stored = governed.world.texts("SELECT COALESCE(sealed_secret, '') || document FROM upstreams").await;
    assert!(!stored[0].contains("s3cret") && stored[0].starts_with("d1."), "{stored:?}");
    let log = governed.world.texts("SELECT COALESCE(detail, '') FROM audit_log").await;
    assert!(log.iter().all(|detail| !detail.contains("s3cret")), "{log:?}");
    let mut without = description();
    without["client_secret"] = Value::Null;
    let changed = governed.send(Method::PUT, &format!("{UPSTREAMS}/corp"), &[], Some(&without)).await;
    assert_eq!(changed.json()["has_secret"], json!(false), "{changed:?}");
}

/// Otherwise whoever describes providers could be everybody who is linked.
async fn links_stay_with_whom_they_were_made(backend: Backend) {
    let governed = Governed::start(backend).await;
    let forge = json!({
        "name": "forge", "label": "Forge", "preset": "oauth", "client_id": "here",
        "authorization_endpoint": "https://forge.example/authorize", "token_endpoint": "https://forge.example/token",
        "userinfo_endpoint": "https://api.forge.example/user",
    });
    for made in [description(), forge.clone()] {
        assert_eq!(governed.post(UPSTREAMS, &made).await.status, 201);
    }
    let refused = async |of: &Value, name: &str, value: Value| {
        let mut anew = of.clone();
        anew[name] = value;
        let path = format!("{UPSTREAMS}/{}", of["name"].as_str().expect("a name"));
        faulty(&governed.send(Method::PUT, &path, &[], Some(&anew)).await)
    };
    let corp = description();
    assert_eq!(refused(&corp, "issuer", json!("https://id.else.example")).await, ["issuer"]);
    assert_eq!(refused(&corp, "preset", json!("google")).await, ["preset"]);
    for (name, address) in [
        ("authorization_endpoint", "https://else.example/authorize"),
        ("token_endpoint", "https://forge.example:8443/token"),
        ("userinfo_endpoint", "https://forge.example/user"),
        ("emails_endpoint", "https://api.forge.example/emails"),
    ] {
        assert_eq!(refused(&forge, name, json!(address)).await, [name]);
    }
    assert_eq!(refused(&forge, "preset", json!("github")).await, ["preset"]);
    // Another version of the same API is the same party's.
    let none: [&str; 0] = [];
    assert_eq!(refused(&forge, "userinfo_endpoint", json!("https://api.forge.example/v2/user")).await, none);
}

async fn who_lacks_the_scope_is_refused(backend: Backend) {
    let governed = Governed::start(backend).await;
    let world = &governed.world;
    let all_but = "admin:users admin:roles admin:scopes admin:clients admin:keys admin:audit";
    let token = world.service_client(|m| m.scope = scopes(all_but)).await.token(world).await.text;
    for (method, path) in
        [(Method::GET, UPSTREAMS), (Method::POST, UPSTREAMS), (Method::DELETE, "/api/v1/admin/upstreams/x")]
    {
        let request = world.request(method, path).bearer_auth(&token).json(&description());
        world.send(request).await.is_problem(403, "insufficient_scope");
    }
    world.get(UPSTREAMS).await.is_problem(401, "invalid_token");
}

async fn what_is_forgotten_takes_its_links_with_it(backend: Backend) {
    let two = Two::meet(backend).await;
    let ann = two.there.user("ann").await;
    let mut person = Person::default();
    two.to_account(&mut person, &ann).await;
    let mut other = Person::default();
    let waiting = other.here.opens(&two.here, "/login").await;
    let back = two.goes_there(&mut other, &waiting, super::BUTTON, &ann).await;
    let row = two.here.app.store.upstream_named("there").await.expect("an answer").expect("a provider");
    let by = countersign::audit::By::operator();
    let is_gone = countersign::upstreams::delete(&two.here.app, &row, &by, two.here.clock.now()).await;
    assert!(is_gone.expect("an answer"));
    two.here.look().await;
    assert_eq!(other.here.opens(&two.here, &back).await.page().status, 404);
    assert!(two.here.texts("SELECT id FROM identities").await.is_empty());
    // Who is signed in stays so.
    let account = person.here.opens(&two.here, "/account").await;
    assert!(account.page().body.contains("value=\"ann\""), "{account:?}");
}

async fn an_operator_does_the_same_by_command(backend: Backend) {
    let home = Home::new(backend).await;
    secrets::note("s3cret of corp");
    let input = description().to_string();
    let made = home.json_from(&["upstream", "create", "--from", "-"], input.as_bytes()).await;
    assert_eq!((&made["name"], &made["has_secret"], &made["preset"]), (&json!("corp"), &json!(true), &json!("openid")));
    assert!(made["redirect_uri"].as_str().is_some_and(|uri| uri.ends_with("/login/from/corp")), "{made}");
    assert_eq!(home.json(&["upstream", "list"]).await, json!([made]));
    assert_eq!(home.json(&["upstream", "show", "corp"]).await, made);
    let doctor = home.run(&["doctor"], &[]).await;
    assert!(doctor.out.contains("nobody can sign in with corp: https://id.corp.example/"), "{doctor:?}");
    let mut anew = description();
    anew["label"] = json!("Another");
    let changed = home.json_from(&["upstream", "replace", "corp", "--from", "-"], anew.to_string().as_bytes()).await;
    assert_eq!((&changed["label"], &changed["version"]), (&json!("Another"), &json!(2)));
    let gone = home.json(&["upstream", "delete", "corp"]).await;
    assert_eq!(gone, json!({"name": "corp", "done": "deleted"}));
    assert!(home.refused(&["upstream", "show", "corp"]).await.contains("there is no provider corp"));
}

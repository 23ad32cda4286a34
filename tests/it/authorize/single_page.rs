//! A single-page application that nobody here wrote the library of: oidc-client-ts, in Chromium, on an origin of its own.

use std::path::Path;

use serde_json::{Value, json};

use crate::harness::chromium::Chromium;
use crate::harness::{A_WHILE, Backend, Persona, Site, User, World, given, secrets, stories, within};

stories![
    a_page_signs_its_user_in_renews_and_signs_out,
    a_page_gets_nothing_in_silence_that_another_app_could_have_asked_for,
    scripts_of_another_origin_read_nothing,
];

struct Street {
    world: World,
    app: Persona,
    site: Site,
    ann: User,
}

async fn street(backend: Backend) -> Street {
    let (world, site) = (backend.world().await, Site::start().await);
    let folder = Path::new(&given("COUNTERSIGN_TEST_NODE_VERIFIER_DIR")).to_owned();
    let file = |path: &str| std::fs::read_to_string(folder.join(path)).unwrap_or_else(|why| panic!("{path}: {why}"));
    for path in ["/", "/callback", "/bye"] {
        site.shows(path, "text/html", file("single_page.html"));
    }
    site.shows("/single_page.mjs", "text/javascript", file("single_page.mjs"));
    let library = file("node_modules/oidc-client-ts/dist/browser/oidc-client-ts.min.js");
    site.shows("/oidc-client-ts.min.js", "text/javascript", library);
    let document = json!({
        "client_name": "A single page",
        "application_type": "native",
        "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code", "refresh_token"],
        "redirect_uris": [site.url("/callback")],
        "post_logout_redirect_uris": [site.url("/bye")],
        "scope": "openid profile email offline_access",
    });
    let (app, ann) = (world.client(&document.to_string(), |_| ()).await, world.user("ann").await);
    let settings = json!({"authority": world.issuer(), "client_id": app.id});
    site.shows("/settings.json", "application/json", settings.to_string());
    Street { world, app, site, ann }
}

impl Street {
    /// Up to the page that knows its user, and what it knows.
    async fn signs_in(&self, browser: &Chromium) -> Value {
        browser.opens(&self.site.url("/")).await;
        done(browser, "ready").await;
        browser.clicks("#sign-in").await;
        browser.arrives_at("/login").await;
        browser.fills("#username", &self.ann.username).await;
        browser.fills("#password", &self.ann.password).await;
        browser.clicks("form button").await;
        browser.arrives_at("/consent").await;
        browser.clicks("button[value=allow]").await;
        browser.arrives_at("/callback?code=").await;
        done(browser, "signed-in").await;
        known(browser).await
    }
}

/// Waits until the page says what it has done.
async fn done(browser: &Chromium, what: &str) {
    let mut said = String::new();
    within(A_WHILE, what, async || {
        said = browser.text("#done").await;
        !said.is_empty()
    })
    .await;
    assert_eq!(said, what);
}

async fn known(browser: &Chromium) -> Value {
    let known: Value = serde_json::from_str(&browser.text("#known").await).expect("JSON");
    for name in ["access_token", "refresh_token", "id_token"] {
        if let Some(token) = known["user"][name].as_str() {
            secrets::note(token);
        }
    }
    known
}

async fn a_page_signs_its_user_in_renews_and_signs_out(backend: Backend) {
    let street = street(backend).await;
    let (world, app) = (&street.world, &street.app);
    let browser = Chromium::start("en").await;
    let first = street.signs_in(&browser).await;
    assert_eq!(first["state"], json!("where it was"));
    let first = first["user"].clone();
    // What is in userinfo only shows that the script could read its answer.
    assert_eq!(
        (&first["profile"]["sub"], &first["profile"]["email"]),
        (&json!(street.ann.id), &json!(street.ann.email))
    );

    browser.clicks("#renew").await;
    done(&browser, "renew").await;
    let second = known(&browser).await["user"].clone();
    for name in ["access_token", "refresh_token"] {
        assert!(second[name].is_string() && second[name] != first[name], "{name}: it is another");
    }
    assert_eq!(second["profile"]["sub"], first["profile"]["sub"]);

    browser.clicks("#sign-out").await;
    browser.arrives_at("/bye").await;
    done(&browser, "signed-out").await;
    let after = known(&browser).await;
    assert_eq!(after, json!({"state": "where it was", "user": null}), "its state came back, and nobody is known");
    let refresh_token = second["refresh_token"].as_str().expect("a token");
    app.refresh(world, refresh_token, &[]).await.is_refused(400, "invalid_grant");
    assert_eq!(world.texts("SELECT id FROM sessions WHERE ended_at IS NULL").await, Vec::<String>::new());
    let access_token = second["access_token"].as_str().expect("a token");
    assert_eq!(
        world.get_with("/oauth2/userinfo", &[("authorization", &format!("Bearer {access_token}"))]).await.status,
        401
    );

    browser.clicks("#sign-in").await;
    browser.arrives_at("/login").await;
}

/// RFC 8252 §8.6: without a secret and on this machine anything may say that it is this app. A frame shows no page of ours, and
/// the refusal reaches the library by it.
async fn a_page_gets_nothing_in_silence_that_another_app_could_have_asked_for(backend: Backend) {
    let street = street(backend).await;
    let browser = Chromium::start("en").await;
    let before = street.signs_in(&browser).await;
    browser.clicks("#ask-silently").await;
    let about = "the user would have to be asked, and the request says prompt=none";
    done(&browser, &format!("ask-silently: consent_required: {about}")).await;
    assert_eq!(known(&browser).await, before, "what it had it has still");
}

async fn scripts_of_another_origin_read_nothing(backend: Backend) {
    let street = street(backend).await;
    let browser = Chromium::start("en").await;
    let known = street.signs_in(&browser).await;
    let elsewhere = Site::start().await;
    elsewhere.shows("/", "text/html", "<!doctype html><title>Elsewhere</title>");
    let script = "return fetch(arguments[0], {headers: {authorization: `Bearer ${arguments[1]}`}})
        .then(answer => answer.json(), error => error.name)";
    let arguments =
        [json!(format!("{}/oauth2/userinfo", street.world.issuer())), known["user"]["access_token"].clone()];
    assert_eq!(browser.run(script, &arguments).await["sub"], json!(street.ann.id), "the application's own may");
    browser.opens(&elsewhere.url("/")).await;
    assert_eq!(browser.run(script, &arguments).await, json!("TypeError"), "its browser keeps the answer from it");
}

//! The logos of clients: where a client is named its logo is shown, and nothing beside it is loaded.

use countersign::protocol::client_metadata::ClientMetadata;
use serde_json::json;

use crate::authorize::{request, shop};
use crate::harness::{Answer, Backend, Browser, Persona, Provider, World, stories};
use crate::logout::leave;
use crate::upstreams::described;

stories![
    a_client_shows_its_logo_where_it_is_named,
    beside_the_logo_of_the_service_and_of_providers_it_is_allowed_too,
    what_a_policy_would_misread_is_written_otherwise,
    a_logo_on_this_machine_is_for_trying_things_out,
];

const LOGO: &str = "https://shop.example/img/logo.png";

fn with_logo(url: &str) -> impl FnOnce(&mut ClientMetadata) {
    let url = url.to_owned();
    move |metadata| metadata.logo_uri = Some(url)
}

/// How a page shows it: with a size, so that nothing moves, and for nobody who cannot see it, because the name is beside it.
fn shows(page: &Answer, url: &str) -> bool {
    let picture = format!("<img src=\"{url}\" alt=\"\" width=\"56\" height=\"56\" referrerpolicy=\"no-referrer\">");
    let body = page.body.replace("&#x2f;", "/").replace("&#x27;", "'").replace("&amp;", "&");
    body.contains(&format!("<p class=\"client\">{picture} <span>"))
}

/// All of the policy but the hash of the style.
fn policy(page: &Answer) -> String {
    let policy = page.header("content-security-policy");
    let (start, rest) = policy.split_once("'sha256-").expect("a hash");
    let (_, rest) = rest.split_once("'; ").expect("its end");
    format!("{start}…; {rest}")
}

/// The pages that name the client, one after the other; the last one is for somebody who wants to leave.
async fn pages(world: &World, client: &Persona, name: &str) -> Vec<Answer> {
    let user = world.user(name).await;
    let mut browser = Browser::default();
    let sign_in = browser.opens(world, &request(client, &[])).await;
    let register = browser.opens(world, &request(client, &[("prompt", "create")])).await;
    let wrong = browser.submits(world, &sign_in, &[("username", name), ("password", "wrong")]).await;
    let consent = browser.signs_in(world, &sign_in, &user).await;
    assert!(sign_in.asks_for_password() && wrong.asks_for_password() && consent.asks_for_consent(), "{consent:?}");
    let sign_out = browser.opens(world, &leave(&[("client_id", &client.id)])).await;
    assert!(sign_out.page().body.contains("value=\"everywhere\""), "{sign_out:?}");
    [sign_in, register, wrong, consent, sign_out].iter().map(|page| page.page().clone()).collect()
}

async fn a_client_shows_its_logo_where_it_is_named(backend: Backend) {
    let (world, silent, _) = shop(backend).await;
    let client = world.web_app(with_logo(LOGO)).await;
    for (place, page) in pages(&world, &client, "bob").await.iter().enumerate() {
        let leads_to = if place == 4 { "'self'" } else { "'self' https:" };
        let expected = format!(
            "default-src 'none'; style-src …; img-src {LOGO}; form-action {leads_to}; base-uri 'none'; \
             frame-ancestors 'none'"
        );
        assert_eq!(policy(page), expected, "{place}");
        assert!(shows(page, LOGO), "{page:?}");
        assert_eq!(page.body.matches("<img").count(), 1, "{page:?}");
    }
    for page in pages(&world, &silent, "cid").await {
        assert!(!page.body.contains("<img") && !policy(&page).contains("img-src"), "{page:?}");
    }
    for path in ["/login", "/register", "/forgot-password"] {
        let page = world.get(path).await;
        assert!(!page.body.contains("<img") && !policy(&page).contains("img-src"), "no client is named: {page:?}");
    }
}

async fn beside_the_logo_of_the_service_and_of_providers_it_is_allowed_too(backend: Backend) {
    let own = "https://cdn.example/ours.png";
    let world = backend.world_with(|config| config.pages.logo = Some(own.parse().expect("a logo"))).await;
    let (silent, client) = (world.web_app(|_| ()).await, world.web_app(with_logo(LOGO)).await);
    let provider = Provider::start().await;
    for round in 0..2 {
        for (client, allowed) in [(&silent, own.to_owned()), (&client, format!("{own} {LOGO}"))] {
            let page = Browser::default().opens(&world, &request(client, &[])).await;
            let policy = policy(page.page());
            assert!(policy.contains(&format!("; img-src {allowed}; form-action ")), "{policy}");
            assert_eq!(page.page().body.contains("action=\"login/with/"), round == 1, "{page:?}");
        }
        let description = json!({
            "name": "github", "preset": "github", "client_id": "here", "client_secret": "a secret",
            "authorization_endpoint": provider.url("/authorize"), "token_endpoint": provider.url("/token"),
            "userinfo_endpoint": provider.url("/user"), "emails_endpoint": provider.url("/user/emails"),
        });
        if round == 0 {
            described(&world, &description).await.expect("a provider");
        }
    }
}

async fn what_a_policy_would_misread_is_written_otherwise(backend: Backend) {
    let world = backend.world().await;
    for (logo, allowed) in [
        ("https://shop.example/a;b,c/'x'.png", "https://shop.example/a%3Bb%2Cc/%27x%27.png"),
        ("https://shop.example:8443/logo.png?v=1;2,3", "https://shop.example:8443/logo.png"),
        ("https://SHOP.example:443/sprites.svg#logo", "https://shop.example/sprites.svg"),
        ("https://shop.example/x/../%2e%2e/logo%3B.png", "https://shop.example/logo%3B.png"),
        ("https://shop.example/;script-src-elem/*/x.js", "https://shop.example/%3Bscript-src-elem/*/x.js"),
    ] {
        let client = world.web_app(with_logo(logo)).await;
        let page = Browser::default().opens(&world, &request(&client, &[])).await;
        let policy = policy(page.page());
        assert!(policy.contains(&format!("; img-src {allowed}; form-action ")), "{logo}: {policy}");
        assert_eq!((policy.matches(';').count(), policy.contains(',')), (5, false), "{logo}: {policy}");
        assert!(shows(page.page(), logo), "{page:?}");
    }
}

async fn a_logo_on_this_machine_is_for_trying_things_out(backend: Backend) {
    let here = "http://localhost:8081/logo.png";
    let https = backend.world_with(|config| config.issuer = "https://id.example".parse().expect("an issuer")).await;
    for (world, is_shown) in [(backend.world().await, true), (https, false)] {
        let client = world.web_app(with_logo(here)).await;
        let page = Browser::default().opens(&world, &request(&client, &[])).await;
        assert!(page.asks_for_password(), "{page:?}");
        assert_eq!(shows(page.page(), here), is_shown, "{page:?}");
        let policy = policy(page.page());
        assert_eq!(policy.contains(&format!("; img-src {here}; form-action ")), is_shown, "{policy}");
        assert_eq!(policy.contains("img-src"), is_shown, "{policy}");
    }
}

//! The pages in a real browser: they lead where they should, look as they should, and keep nobody out.

mod logos;
mod pages;
mod ways;

use countersign::config::Config;
use countersign::protocol::client_metadata::ClientMetadata;
use serde_json::json;

use crate::api::people::{a_password, with_letters};
use crate::authorize::request;
use crate::harness::chromium::{Chromium, ENTER, TAB, VIEWS};
use crate::harness::{Backend, Mailbox, Persona, Site, User, World, stories};
use crate::logout::leave;

stories![people_go_all_the_way_in_a_browser];

/// A world in which people meet a client that is there, and get letters.
pub struct Street {
    world: World,
    mailbox: Mailbox,
    client: Persona,
    site: Site,
    ann: User,
}

async fn street(backend: Backend, settings: impl FnOnce(&mut Config)) -> Street {
    let (world, mailbox) = with_letters(backend, |config| {
        config.pages.name = Some("Example ID".to_owned());
        settings(config);
    })
    .await;
    let site = shop_site().await;
    let (client, ann) = (shop(&world, "Shop", &site, "none").await, world.user("ann").await);
    Street { world, mailbox, client, site, ann }
}

async fn shop_site() -> Site {
    let site = Site::start().await;
    for (path, heading) in [("/callback", "The shop"), ("/bye", "Come again")] {
        let page = format!("<!doctype html><html lang=\"en\"><title>Shop</title><h1>{heading}</h1></html>");
        site.shows(path, "text/html", page);
    }
    site
}

/// A client of this name whose pages are on a site.
async fn shop(world: &World, name: &str, site: &Site, method: &str) -> Persona {
    shop_with(world, name, site, method, |_| ()).await
}

async fn shop_with(
    world: &World,
    name: &str,
    site: &Site,
    method: &str,
    change: impl FnOnce(&mut ClientMetadata),
) -> Persona {
    let document = json!({
        "client_name": name,
        "redirect_uris": [site.url("/callback")],
        "post_logout_redirect_uris": [site.url("/bye")],
        "application_type": "native",
        "token_endpoint_auth_method": method,
        "scope": "openid profile email offline_access",
    });
    world.client(&document.to_string(), change).await
}

impl Street {
    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.world.issuer())
    }

    /// The request of the client, as the story changes it.
    fn asked(&self, changes: &[(&str, &str)]) -> String {
        self.asked_by(&self.client, &self.site, changes)
    }

    fn asked_by(&self, client: &Persona, site: &Site, changes: &[(&str, &str)]) -> String {
        let callback = site.url("/callback");
        let own = [("redirect_uri", callback.as_str()), ("scope", "openid profile email offline_access")];
        self.url(&request(client, &[&own, changes].concat()))
    }

    /// The request by which the client has its user leave.
    fn leaves(&self) -> String {
        let bye = self.site.url("/bye");
        self.url(&leave(&[("client_id", &self.client.id), ("post_logout_redirect_uri", &bye), ("state", "left")]))
    }

    /// On the page for that.
    async fn signs_in(&self, browser: &Chromium, password: &str) {
        browser.arrives_at("/login").await;
        browser.fills("#username", &self.ann.username).await;
        browser.fills("#password", password).await;
        browser.clicks("form button").await;
    }
}

async fn people_go_all_the_way_in_a_browser(backend: Backend) {
    let street = street(backend, |_| ()).await;
    let browser = Chromium::start("en").await;
    browser.looks(VIEWS[0]).await;

    // By the keyboard alone: the first field has the focus.
    browser.opens(&street.asked(&[])).await;
    browser.arrives_at("/login").await;
    browser.types(&format!("ann{TAB}not the password{ENTER}")).await;
    browser.arrives_at("/login").await;
    assert_eq!(browser.text("#wrong").await, "The name or the password is wrong.");
    browser.types(&format!("{}{ENTER}", street.ann.password)).await;
    browser.arrives_at("/consent").await;
    assert_eq!(browser.text("h1").await, "Allow Shop?");
    browser.clicks("button[value=refuse]").await;
    browser.arrives_at("error=access_denied").await;
    browser.opens(&street.asked(&[])).await;
    browser.arrives_at("/consent").await;
    browser.clicks("button[value=allow]").await;
    browser.arrives_at("/callback?code=").await;
    assert_eq!(browser.text("h1").await, "The shop");

    browser.opens(&street.url("/account/apps")).await;
    assert_eq!(browser.text(".rows h2").await, "Shop");
    browser.clicks(".rows button").await;
    browser.arrives_at("/account/apps?done=app").await;
    assert_eq!(browser.text("[role=status]").await, "The app has no access any more.");
    browser.opens(&street.url("/account/sessions")).await;
    assert!(browser.text(".rows h2").await.starts_with("Chrome on Linux"), "it is known for what it is");
    browser.clicks("footer button").await;
    browser.arrives_at("/account/sign-out").await;
    assert_eq!(browser.text("h1").await, "You are signed out");
    browser.opens(&street.url("/account")).await;
    browser.arrives_at("/login").await;

    browser.opens(&street.asked(&[("prompt", "create")])).await;
    browser.arrives_at("/register").await;
    browser.fills("#username", "eve").await;
    browser.fills("#email", "eve@example.org").await;
    browser.fills("#password", &a_password()).await;
    browser.clicks("form button").await;
    browser.arrives_at("/consent").await;
    browser.clicks("button[value=allow]").await;
    browser.arrives_at("/callback?code=").await;
    browser.opens(&street.url("/account")).await;
    browser.arrives_at("/account").await;
    browser.fills("#given_name", "Eve").await;
    browser.clicks("main form button").await;
    browser.arrives_at("/account?done=profile").await;
    let names = street.world.texts("SELECT given_name FROM users WHERE username = 'eve'").await;
    assert_eq!(names, ["Eve"]);
}

//! The pages in a real browser: they lead where they should, look as they should, and keep nobody out.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::api::people::a_password;
use crate::authorize::request;
use crate::harness::chromium::{Chromium, ENTER, TAB, VIEWS, View};
use crate::harness::{Backend, Persona, User, World, stories, tell};
use crate::tidy::none;

stories![people_go_all_the_way_in_a_browser];

/// A world in which people meet a client that is there: it shows what it was told.
struct Street {
    world: World,
    client: Persona,
    ann: User,
    callback: String,
}

async fn street(backend: Backend) -> Street {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let callback = format!("http://127.0.0.1:{}/callback", listener.local_addr().expect("an address").port());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut asked = [0; 8192];
            if stream.read(&mut asked).await.unwrap_or_default() == 0 {
                continue;
            }
            let page = "<!doctype html><html lang=\"en\"><title>Shop</title><h1>The shop</h1></html>";
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                page.len()
            );
            stream.write_all(format!("{head}{page}").as_bytes()).await.ok();
        }
    });
    let world = backend.world_with(|config| config.pages.name = Some("Example ID".to_owned())).await;
    let document = format!(
        r#"{{"client_name":"Shop","redirect_uris":["{callback}"],"application_type":"native",
            "token_endpoint_auth_method":"none","scope":"openid profile email offline_access"}}"#
    );
    let (client, ann) = (world.client(&document, |_| ()).await, world.user("ann").await);
    Street { world, client, ann, callback }
}

impl Street {
    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.world.issuer())
    }

    /// The request of the client, as the story changes it.
    fn asked(&self, changes: &[(&str, &str)]) -> String {
        let own = [("redirect_uri", self.callback.as_str()), ("scope", "openid profile email offline_access")];
        self.url(&request(&self.client, &[&own, changes].concat()))
    }
}

async fn people_go_all_the_way_in_a_browser(backend: Backend) {
    let street = street(backend).await;
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

/// Looks at the page that is there, in every way.
async fn look_at(browser: &Chromium, page: &str, faults: &mut Vec<String>) {
    for view in VIEWS {
        browser.looks(view).await;
        browser.shoots(&format!("{page}-{}", view.name)).await;
        faults.extend(browser.barriers().await.iter().map(|barrier| format!("{page}, {}: {barrier}", view.name)));
        let script = "return document.documentElement.scrollWidth > document.documentElement.clientWidth";
        if browser.run(script, &[]).await == true {
            faults.push(format!("{page}, {}: wider than the window", view.name));
        }
        if is_dark(browser).await != view.dark {
            faults.push(format!("{page}, {}: the colours are of the other scheme", view.name));
        }
    }
}

/// Whether the page has a dark ground.
async fn is_dark(browser: &Chromium) -> bool {
    let colour = browser.run("return getComputedStyle(document.body).backgroundColor", &[]).await;
    let colour = colour.as_str().expect("a colour").to_owned();
    let first: u32 =
        colour.trim_start_matches("rgb(").split(',').next().and_then(|part| part.parse().ok()).expect("red");
    first < 128
}

#[tokio::test(flavor = "multi_thread")]
async fn no_page_keeps_anybody_out_and_each_can_be_looked_at() {
    tell(everywhere(Backend::Embedded, "en")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nor_does_one_in_another_language() {
    tell(everywhere(Backend::Embedded, "de")).await;
}

async fn everywhere(backend: Backend, language: &str) {
    let street = street(backend).await;
    let browser = Chromium::start(language).await;
    let mut faults = Vec::new();
    let named = |page: &str| format!("{language}-{page}");
    browser.looks(View { dark: false, ..VIEWS[0] }).await;
    for (page, url) in [
        ("forgot-password", street.url("/forgot-password")),
        ("dead-link", street.url("/verify-email?token=x")),
        ("refused", street.url("/oauth2/authorize")),
        ("register", street.asked(&[]).replace("/oauth2/authorize", "/register")),
    ] {
        browser.opens(&url).await;
        look_at(&browser, &named(page), &mut faults).await;
    }
    browser.fills("#username", "eve").await;
    browser.fills("#email", "eve@example.org").await;
    browser.fills("#password", "password1").await;
    browser.clicks("form button").await;
    browser.arrives_at("/register").await;
    look_at(&browser, &named("register-wrong"), &mut faults).await;

    browser.opens(&street.asked(&[])).await;
    assert_eq!(browser.run("return document.documentElement.lang", &[]).await, language);
    look_at(&browser, &named("sign-in"), &mut faults).await;
    browser.fills("#username", "ann").await;
    browser.fills("#password", "not the password").await;
    browser.clicks("form button").await;
    browser.arrives_at("/login").await;
    look_at(&browser, &named("sign-in-wrong"), &mut faults).await;
    browser.fills("#password", &street.ann.password).await;
    browser.clicks("form button").await;
    browser.arrives_at("/consent").await;
    look_at(&browser, &named("consent"), &mut faults).await;
    browser.clicks("button[value=allow]").await;
    browser.arrives_at("/callback?code=").await;

    street.world.login(&street.ann).await;
    for page in ["account", "account/email", "account/password", "account/sessions", "account/apps", "account/close"] {
        browser.opens(&street.url(&format!("/{page}"))).await;
        browser.arrives_at(page).await;
        look_at(&browser, &named(&page.replace('/', "-")), &mut faults).await;
    }
    browser.fills("#current_password", "not the password").await;
    browser.clicks("main form button").await;
    browser.arrives_at("/account/close").await;
    look_at(&browser, &named("account-close-wrong"), &mut faults).await;
    browser.clicks("footer button").await;
    browser.arrives_at("/account/sign-out").await;
    look_at(&browser, &named("signed-out"), &mut faults).await;
    none("what keeps people from using the pages", &faults);
}

//! Each page in every view: a picture of it, and what would keep people from using it.

use serde_json::json;

use super::{Street, street};
use crate::api::people::a_password;
use crate::authorize::request;
use crate::harness::chromium::{Chromium, VIEWS, View};
use crate::harness::{Backend, Browser, Provider, secrets, tell};
use crate::tidy::none;
use crate::upstreams::described;

/// Looks at the page that is there, in every way.
pub(super) async fn look_at(browser: &Chromium, page: &str, faults: &mut Vec<String>) {
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

/// What a walk along the pages has found.
struct Walk {
    street: Street,
    browser: Chromium,
    language: &'static str,
    faults: Vec<String>,
}

impl Walk {
    async fn looks(&mut self, page: &str) {
        look_at(&self.browser, &format!("{}-{page}", self.language), &mut self.faults).await;
    }

    async fn opens(&mut self, page: &str, url: &str) {
        self.browser.opens(url).await;
        self.looks(page).await;
    }

    /// The link in the only letter to an address.
    async fn link(&self, address: &str) -> String {
        let link = self.street.mailbox.letter_to(address).await.link();
        secrets::note(link.split_once("?token=").expect("a token").1);
        link
    }
}

async fn everywhere(backend: Backend, language: &'static str) {
    let street = street(backend, |config| config.accounts.require_verified_email = true).await;
    let browser = Chromium::start(language).await;
    let mut walk = Walk { street, browser, language, faults: Vec::new() };
    walk.browser.looks(View { dark: false, ..VIEWS[0] }).await;
    walk.without_a_sign_in().await;
    walk.by_letters().await;
    walk.elsewhere().await;
    walk.signing_in().await;
    walk.of_an_account().await;
    walk.out().await;
    none("what keeps people from using the pages", &walk.faults);
}

impl Walk {
    async fn without_a_sign_in(&mut self) {
        for (page, url) in [
            ("forgot-password", self.street.url("/forgot-password")),
            ("dead-link", self.street.url("/verify-email?token=x")),
            ("refused", self.street.url("/oauth2/authorize")),
            ("register", self.street.asked(&[]).replace("/oauth2/authorize", "/register")),
        ] {
            self.opens(page, &url).await;
        }
        self.browser.fills("#username", "eve").await;
        self.browser.fills("#email", "eve@example.org").await;
        self.browser.fills("#password", "password1").await;
        self.browser.clicks("form button").await;
        self.browser.arrives_at("/register").await;
        self.looks("register-wrong").await;
        self.browser.fills("#password", &a_password()).await;
        self.browser.clicks("form button").await;
        self.browser.waits_for(".links a[href*='/login']:only-child").await;
        self.looks("registered").await;
    }

    async fn by_letters(&mut self) {
        let link = self.link("eve@example.org").await;
        self.opens("confirm-email", &link).await;
        self.browser.clicks("form button").await;
        self.browser.waits_for("main:not(:has(form))").await;
        self.looks("confirmed").await;
        self.browser.opens(&self.street.url("/forgot-password")).await;
        self.browser.fills("#email", &self.street.ann.email).await;
        self.browser.clicks("form button").await;
        self.browser.waits_for("main:not(:has(form))").await;
        self.looks("forgot-password-done").await;
        let link = self.link(&self.street.ann.email).await;
        self.opens("reset-password", &link).await;
        self.browser.fills("#password", "a rather good one").await;
        self.browser.fills("#again", "another good one").await;
        self.browser.clicks("form button").await;
        self.browser.waits_for("#again[aria-invalid=true]").await;
        self.looks("reset-password-wrong").await;
    }

    /// The pages of providers are not ours to look at: this one says only who came.
    async fn elsewhere(&mut self) {
        let provider = Provider::start().await;
        let description = json!({
            "name": "github", "preset": "github", "client_id": "here", "client_secret": "a secret",
            "authorization_endpoint": provider.url("/authorize"), "token_endpoint": provider.url("/token"),
            "userinfo_endpoint": provider.url("/user"), "emails_endpoint": provider.url("/user/emails"),
        });
        described(&self.street.world, &description).await.expect("a provider");
        provider.says("/authorize", 200, &json!({}));
        provider.says("/token", 200, &json!({"access_token": "gho_x", "token_type": "bearer"}));
        provider.says("/user", 200, &json!({"login": "octocat", "id": 583_231}));
        let own = json!([{"email": self.street.ann.email, "primary": true, "verified": true}]);
        provider.says("/user/emails", 200, &own);

        let back = self.goes_to_github().await;
        self.browser.arrives_at("/login/link").await;
        self.looks("link-account").await;
        self.browser.fills("#password", "not the password").await;
        self.browser.clicks("form button").await;
        self.browser.waits_for("#wrong").await;
        self.looks("link-account-wrong").await;
        self.browser.opens(&back).await;
        self.browser.arrives_at("/login?").await;
        self.looks("sign-in-elsewhere-failed").await;
        self.without_a_password(&provider).await;
    }

    /// By the button of the sign-in page, and back again; where that was.
    async fn goes_to_github(&self) -> String {
        self.browser.opens(&self.street.url("/login")).await;
        self.browser.clicks("form[action^='login/with/'] button").await;
        self.browser.arrives_at("/authorize?").await;
        let url = url::Url::parse(&self.browser.url().await).expect("an address");
        let (_, state) = url.query_pairs().find(|(name, _)| name == "state").expect("a state");
        secrets::note(&state);
        let back = self.street.url(&format!("/login/from/github?code=abc&state={state}"));
        self.browser.opens(&back).await;
        back
    }

    async fn without_a_password(&mut self, provider: &Provider) {
        provider.says("/user", 200, &json!({"login": "mona", "id": 1}));
        let own = json!([{"email": "mona@example.org", "primary": true, "verified": true}]);
        provider.says("/user/emails", 200, &own);
        self.goes_to_github().await;
        self.browser.arrives_at("/account").await;
        self.opens("account-password-none", &self.street.url("/account/password")).await;
        self.opens("account-close-signed-in", &self.street.url("/account/close")).await;
        self.street.world.advance(300);
        self.opens("account-email-again", &self.street.url("/account/email")).await;
        let failed = self.street.url("/account/close?failed=somebody_else&upstream=github");
        self.opens("account-close-again-failed", &failed).await;
        self.browser.clicks("form[action^='/login/with/github'] button").await;
        self.browser.arrives_at("/authorize?").await;
        assert!(self.browser.url().await.contains("prompt=select_account"), "the policy lets the form lead there");
        self.browser.opens(&self.street.url("/account")).await;
        self.browser.clicks("footer button").await;
        self.browser.arrives_at("/account/sign-out").await;
    }

    async fn signing_in(&mut self) {
        self.browser.opens(&self.street.asked(&[])).await;
        assert_eq!(self.browser.run("return document.documentElement.lang", &[]).await, self.language);
        self.looks("sign-in").await;
        self.street.signs_in(&self.browser, "not the password").await;
        self.browser.waits_for("#wrong").await;
        self.looks("sign-in-wrong").await;
        self.street.signs_in(&self.browser, &self.street.ann.password).await;
        self.browser.arrives_at("/consent").await;
        self.looks("consent").await;
        self.browser.clicks("button[value=allow]").await;
        self.browser.arrives_at("/callback?code=").await;

        // As it looks to whoever runs no scripts; all others are sent on before they see it.
        let callback = self.street.site.url("/callback");
        let changes = [
            ("redirect_uri", callback.as_str()),
            ("response_mode", "form_post"),
            ("prompt", "none"),
            ("ui_locales", self.language),
        ];
        let path = request(&self.street.client, &changes);
        let arrived = Browser::default().opens(&self.street.world, &path).await;
        let (start, rest) = arrived.page().body.split_once("<script>").expect("a script");
        let end = rest.split_once("</script>").expect("its end").1;
        self.street.site.shows("/form", "text/html", format!("{start}{end}"));
        self.opens("form-post", &self.street.site.url("/form")).await;
    }

    async fn of_an_account(&mut self) {
        self.street.world.login(&self.street.ann).await;
        for page in [
            "account",
            "account/email",
            "account/password",
            "account/sessions",
            "account/apps",
            "account/linked",
            "account/close",
        ] {
            self.browser.opens(&self.street.url(&format!("/{page}"))).await;
            self.browser.arrives_at(page).await;
            self.looks(&page.replace('/', "-")).await;
        }
        self.browser.fills("#current_password", "not the password").await;
        self.browser.clicks("main form button").await;
        self.browser.waits_for("[aria-invalid=true]").await;
        self.looks("account-close-wrong").await;
    }

    async fn out(&mut self) {
        self.opens("sign-out", &self.street.leaves()).await;
        self.browser.clicks("button[value=stay]").await;
        self.browser.waits_for("main:not(:has(form))").await;
        self.looks("stayed").await;
        self.browser.opens(&self.street.url("/account")).await;
        self.browser.clicks("footer button").await;
        self.browser.arrives_at("/account/sign-out").await;
        self.looks("signed-out").await;
    }
}

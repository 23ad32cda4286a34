//! A page behind Apache with mod_auth_openidc: who it lets in, and until when.

use serde_json::json;

use crate::harness::chromium::Chromium;
use crate::harness::{A_WHILE, Apache, Backend, User, World, secrets, stories, within};

stories![
    apache_lets_in_whoever_signs_in_and_out_whoever_leaves,
    apache_hears_that_a_session_is_over,
    apache_lets_nobody_in_without_the_right_secret,
];

/// Where the module takes answers; no page is there.
const BACK: &str = "/inside/back";

struct Street {
    world: World,
    apache: Apache,
    ann: User,
}

/// `secret` is the one that Apache shows; without it, the right one.
async fn street(backend: Backend, secret: Option<&str>) -> Street {
    let (world, mut apache) = (backend.world().await, Apache::new());
    apache.shows(
        "/inside/index.html",
        "<h1>Inside</h1><p id=user><!--#echo var=\"REMOTE_USER\" --></p>\
         <p id=email><!--#echo var=\"OIDC_CLAIM_email\" --></p><p id=issuer><!--#echo var=\"OIDC_CLAIM_iss\" --></p>",
    );
    apache.shows("/bye", "<h1>Outside</h1>");
    let document = json!({
        "client_name": "Behind Apache",
        "application_type": "native",
        "redirect_uris": [apache.url(BACK)],
        "post_logout_redirect_uris": [apache.url("/bye")],
        "backchannel_logout_uri": apache.url(&format!("{BACK}?logout=backchannel")),
        "backchannel_logout_session_required": true,
        "scope": "openid profile email",
    });
    let (client, ann) = (world.client(&document.to_string(), |_| ()).await, world.user("ann").await);
    let directives = format!(
        "OIDCProviderMetadataURL {issuer}/.well-known/openid-configuration\n\
         OIDCClientID {id}\nOIDCClientSecret \"{secret}\"\nOIDCProviderTokenEndpointAuth client_secret_basic\n\
         OIDCRedirectURI {back}\nOIDCCryptoPassphrase \"{passphrase}\"\n\
         OIDCScope \"openid profile email\"\nOIDCPKCEMethod S256\nOIDCRemoteUserClaim preferred_username\n\
         OIDCSessionType server-cache\nOIDCCacheType shm\n\
         <Location /inside>\nAuthType openid-connect\nRequire valid-user\n</Location>\n",
        issuer = world.issuer(),
        id = client.id,
        secret = secret.unwrap_or(&client.secret),
        back = apache.url(BACK),
        passphrase = countersign::secret::random_id(),
    );
    apache.start(&directives).await;
    Street { world, apache, ann }
}

impl Street {
    fn inside(&self) -> String {
        self.apache.url("/inside/index.html")
    }

    /// From the page outside to where Apache sends the browser after the sign-in.
    async fn signs_in(&self, browser: &Chromium) {
        browser.opens(&self.inside()).await;
        browser.arrives_at("/login").await;
        browser.fills("#username", &self.ann.username).await;
        browser.fills("#password", &self.ann.password).await;
        browser.clicks("form button").await;
        browser.arrives_at("/consent").await;
        assert_eq!(browser.text("h1").await, "Allow Behind Apache?");
        browser.clicks("button[value=allow]").await;
    }

    async fn is_inside(&self, browser: &Chromium) {
        browser.arrives_at("/inside/index.html").await;
        assert_eq!(browser.text("h1").await, "Inside", "{}", self.apache.complaints());
        assert_eq!(browser.text("#user").await, self.ann.username, "{}", self.apache.complaints());
        assert_eq!(browser.text("#email").await, self.ann.email);
        assert_eq!(browser.text("#issuer").await, self.world.issuer());
    }
}

async fn apache_lets_in_whoever_signs_in_and_out_whoever_leaves(backend: Backend) {
    let street = street(backend, None).await;
    let browser = Chromium::start("en").await;
    street.signs_in(&browser).await;
    street.is_inside(&browser).await;
    browser.opens(&street.inside()).await;
    street.is_inside(&browser).await;

    browser.opens(&street.apache.url(&format!("{BACK}?logout={}", street.apache.url("/bye")))).await;
    browser.arrives_at(&street.apache.url("/bye")).await;
    assert_eq!(browser.text("h1").await, "Outside", "{}", street.apache.complaints());
    let open = street.world.texts("SELECT id FROM sessions WHERE ended_at IS NULL").await;
    assert_eq!(open, Vec::<String>::new(), "not only Apache has forgotten its user");
    browser.opens(&street.inside()).await;
    browser.arrives_at("/login").await;
}

/// OpenID Connect Back-Channel Logout 1.0: the user leaves by the account page, and Apache knows without having been asked.
async fn apache_hears_that_a_session_is_over(backend: Backend) {
    let street = street(backend, None).await;
    let browser = Chromium::start("en").await;
    street.signs_in(&browser).await;
    street.is_inside(&browser).await;
    browser.opens(&format!("{}/account", street.world.issuer())).await;
    browser.clicks("footer button").await;
    browser.arrives_at("/account/sign-out").await;
    within(A_WHILE, "Apache is told", async || {
        let count = street.world.get("/metrics").await.body;
        count.contains("countersign_logouts_told_total{outcome=\"told\"} 1")
    })
    .await;
    browser.opens(&street.inside()).await;
    browser.arrives_at("/login").await;
}

async fn apache_lets_nobody_in_without_the_right_secret(backend: Backend) {
    let wrong = countersign::secret::random_id();
    secrets::note(&wrong);
    let street = street(backend, Some(&wrong)).await;
    let browser = Chromium::start("en").await;
    street.signs_in(&browser).await;
    browser.arrives_at(BACK).await;
    assert!(!browser.text("body").await.contains(&street.ann.username), "{}", street.apache.complaints());
    assert!(street.apache.complaints().contains("invalid_client"), "{}", street.apache.complaints());
    assert_eq!(street.world.texts("SELECT id FROM grants").await, Vec::<String>::new());
}

//! People make accounts on a page, by the same rules as at the API, and go on to where they were going.

use reqwest::Method;

use crate::api::people::{a_password, token_of_letter, with_letters};
use crate::authorize::{exchange, request, shop};
use crate::harness::{Arrived, Backend, Browser, Node, Persona, stories};

stories![
    somebody_registers_on_the_way_to_a_client,
    somebody_registers_for_nothing_but_an_account,
    what_is_wrong_is_said_beside_its_field,
    where_addresses_must_be_confirmed_nobody_learns_which_are_known,
    where_nobody_may_register_there_is_no_page,
    a_form_of_another_page_makes_no_account,
    who_registers_too_often_has_to_wait,
    who_is_overtaken_by_a_change_signs_in,
];

/// The page that a client's request leads to.
async fn page_of(browser: &mut Browser, node: &Node, client: &Persona) -> Arrived {
    browser.opens(node, &request(client, &[]).replace("/oauth2/authorize", "/register")).await
}

async fn registers(browser: &mut Browser, node: &Node, page: &Arrived, name: &str, password: &str) -> Arrived {
    let email = format!("{name}@example.org");
    browser.submits(node, page, &[("username", name), ("email", &email), ("password", password)]).await
}

async fn somebody_registers_on_the_way_to_a_client(backend: Backend) {
    let (world, client, _) = shop(backend).await;
    let mut browser = Browser::default();
    let sign_in = browser.opens(&world, &request(&client, &[])).await;
    assert!(sign_in.page().body.contains("<a href=\"register?response_type=code&amp;client_id="), "{sign_in:?}");
    let page = browser.opens(&world, &request(&client, &[("prompt", "create"), ("login_hint", "eve")])).await;
    assert!(page.page().status == 200 && page.page().body.contains("Create an account"), "{page:?}");
    for part in ["<strong>Shop</strong>", "value=\"eve\"", "autocomplete=\"new-password\"", "autocomplete=\"email\""] {
        assert!(page.page().body.contains(part), "{part}: {page:?}");
    }
    let consent = registers(&mut browser, &world, &page, "eve", &a_password()).await;
    assert!(consent.asks_for_consent() && consent.page().body.contains("<strong>eve</strong>"), "{consent:?}");
    let code = browser.allows(&world, &consent).await.code(&world);
    assert_eq!(exchange(&client, &world, &code, &[]).await.status, 200);
    let owners = world.texts("SELECT username FROM users WHERE username_key = 'eve'").await;
    assert_eq!(owners, ["eve"]);
}

async fn somebody_registers_for_nothing_but_an_account(backend: Backend) {
    let world = backend.world().await;
    let mut browser = Browser::default();
    let page = browser.opens(&world, "/register").await;
    let password = a_password();
    let account = registers(&mut browser, &world, &page, "eve", &password).await;
    let Arrived::Page { at, answer } = &account else { panic!("a page: {account:?}") };
    assert!(at == "/account" && answer.status == 200 && answer.body.contains("value=\"eve\""), "{account:?}");
    answer.never_says(&[&password]);
}

async fn what_is_wrong_is_said_beside_its_field(backend: Backend) {
    let (world, client, ann) = shop(backend).await;
    let mut browser = Browser::default();
    let page = page_of(&mut browser, &world, &client).await;
    let good = a_password();
    for (name, email, password, field, about) in [
        ("", "eve@example.org", good.as_str(), "username", "This is missing."),
        ("e ve", "eve@example.org", &good, "username", "This may have letters from a to z"),
        ("ANN", "eve@example.org", &good, "username", "This username is taken."),
        ("eve", "eve", &good, "email", "This is not an email address."),
        ("eve", ann.email.as_str(), &good, "email", "There is an account with this address already."),
        ("eve", "eve@example.org", "short", "password", "A password has at least 8 bytes."),
        ("evelyn", "eve@example.org", "I am evelyn, hello", "password", "The password contains a name of yours."),
        ("eve", "eve@example.org", "password1", "password", "one of the most common passwords"),
    ] {
        let form = [("username", name), ("email", email), ("password", password)];
        let again = browser.submits(&world, &page, &form).await;
        let body = &again.page().body;
        assert_eq!(again.page().status, 422, "{again:?}");
        let list = format!("<ul class=\"wrong\" id=\"{field}-about\"><li>");
        let said = body.split_once(&list).unwrap_or_else(|| panic!("{field}: {again:?}")).1;
        assert!(said.split("</ul>").next().is_some_and(|said| said.contains(about)), "{about}: {said}");
        let input = body.split("<input ").find(|input| input.contains(&format!("id=\"{field}\""))).expect("a field");
        assert!(input.contains("aria-invalid=\"true\" aria-describedby=\""), "{input}");
        assert_eq!(body.matches("aria-invalid=\"true\"").count(), 1, "{again:?}");
        assert!(name.is_empty() || body.contains(&format!("value=\"{name}\"")), "what was right stays: {again:?}");
        again.page().never_says(&[&good]);
    }
    let odd = browser.submits(&world, &page, &[("username", "\"><b>x"), ("email", "\"><b>x"), ("password", "x")]).await;
    assert!(odd.page().status == 422 && !odd.page().body.contains("<b>x"), "{odd:?}");
    assert!(registers(&mut browser, &world, &page, "eve", &good).await.asks_for_consent(), "the page stayed good");
}

async fn where_addresses_must_be_confirmed_nobody_learns_which_are_known(backend: Backend) {
    let (world, mailbox) = with_letters(backend, |config| config.accounts.require_verified_email = true).await;
    let (client, ann) = (world.web_app(|_| ()).await, world.user("ann").await);
    let password = a_password();
    let mut bodies = Vec::new();
    for (name, email) in [("eve", "eve@example.org"), ("eva", ann.email.as_str())] {
        let mut browser = Browser::default();
        let page = page_of(&mut browser, &world, &client).await;
        let form = [("username", name), ("email", email), ("password", password.as_str())];
        let told = browser.submits(&world, &page, &form).await;
        assert!(told.page().status == 200 && told.page().body.contains("Look into your mail"), "{told:?}");
        assert!(!browser.cookies.contains_key("countersign_session"), "nobody is signed in");
        bodies.push(told.page().body.replace(email, "<email>"));
    }
    assert_eq!(bodies[0], bodies[1]);
    let token = token_of_letter(&mailbox, "eve@example.org", 1).await;
    assert_eq!(world.post("/verify-email", &[("token", &token)]).await.status, 200);
    let mut browser = Browser::default();
    let page = browser.opens(&world, &request(&client, &[])).await;
    let page = browser.submits(&world, &page, &[("username", "eve"), ("password", &password)]).await;
    assert!(page.asks_for_consent(), "{page:?}");
    // A name is nobody's secret.
    let page = page_of(&mut browser, &world, &client).await;
    let again = registers(&mut browser, &world, &page, "ann", &password).await;
    assert!(again.page().status == 422 && again.page().body.contains("This username is taken."), "{again:?}");
}

async fn where_nobody_may_register_there_is_no_page(backend: Backend) {
    let world = backend.world_with(|config| config.accounts.registration = false).await;
    let client = world.web_app(|_| ()).await;
    let mut browser = Browser::default();
    let page = browser.opens(&world, &request(&client, &[])).await;
    assert!(page.asks_for_password() && !page.page().body.contains("register"), "{page:?}");
    for path in [request(&client, &[]).replace("/oauth2/authorize", "/register"), "/register".to_owned()] {
        let page = browser.opens(&world, &path).await;
        assert!(page.page().status == 403 && page.page().body.contains("cannot register themselves"), "{page:?}");
        let form = [("username", "eve"), ("email", "eve@example.org"), ("password", "a pass phrase")];
        assert_eq!(browser.sends(&world, Method::POST, &path, &form).await.status, 403);
    }
    assert!(world.texts("SELECT username FROM users").await.is_empty());
}

async fn a_form_of_another_page_makes_no_account(backend: Backend) {
    let (world, client, _) = shop(backend).await;
    let mut browser = Browser::default();
    let page = page_of(&mut browser, &world, &client).await;
    let (action, hidden) = page.form();
    let sign_in = browser.opens(&world, &request(&client, &[])).await;
    let (_, of_sign_in) = sign_in.form();
    let password = a_password();
    let sent = |mark: &str| {
        [("form", mark), ("username", "eve"), ("email", "eve@example.org"), ("password", &password)]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
    };
    let marks =
        [(Browser::default(), hidden[0].1.as_str()), (browser.clone(), ""), (browser.clone(), &of_sign_in[0].1)];
    for (mut forger, mark) in marks {
        let form = sent(mark);
        let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let answer = forger.sends(&world, Method::POST, &action, &form).await;
        assert!(answer.status == 403 && answer.header("set-cookie").is_empty(), "{answer:?}");
    }
    assert_eq!(world.texts("SELECT username FROM users").await, ["ann"]);
    let wrong = browser.opens(&world, "/register?next=https%3A%2F%2Fevil.example").await;
    assert_eq!(wrong.page().status, 400, "nobody is led elsewhere: {wrong:?}");
}

async fn who_registers_too_often_has_to_wait(backend: Backend) {
    let world = backend
        .world_with(|config| {
            config.limits.enabled = true;
            config.limits.registrations_per_hour = 1;
        })
        .await;
    let mut browser = Browser::default();
    let page = browser.opens(&world, "/register").await;
    assert_eq!(registers(&mut browser, &world, &page, "eve", &a_password()).await.page().status, 200);
    let mut browser = Browser::default();
    let page = browser.opens(&world, "/register").await;
    let refused = registers(&mut browser, &world, &page, "eva", &a_password()).await;
    assert!(refused.page().status == 429 && refused.page().body.contains("Too many attempts"), "{refused:?}");
    assert!(!refused.page().header("retry-after").is_empty(), "{refused:?}");
}

/// Raises the epoch of each new account, as a lock or another password does.
fn change_at_once(backend: Backend) -> &'static str {
    match backend {
        Backend::Embedded => {
            "CREATE TRIGGER changed AFTER INSERT ON users BEGIN \
             UPDATE users SET epoch = epoch + 1 WHERE id = NEW.id; END"
        }
        Backend::Cluster => {
            "CREATE FUNCTION change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             UPDATE users SET epoch = epoch + 1 WHERE id = NEW.id; RETURN NULL; END $$; \
             CREATE TRIGGER changed AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION change();"
        }
    }
}

async fn who_is_overtaken_by_a_change_signs_in(backend: Backend) {
    let (world, client, _) = shop(backend).await;
    world.execute(change_at_once(backend)).await;
    let password = a_password();
    for (name, path) in
        [("eve", request(&client, &[]).replace("/oauth2/authorize", "/register")), ("eva", "/register".to_owned())]
    {
        let mut browser = Browser::default();
        let page = browser.opens(&world, &path).await;
        let page = registers(&mut browser, &world, &page, name, &password).await;
        assert!(page.page().status == 200 && page.asks_for_password(), "{page:?}");
        assert!(page.page().body.contains("The account was changed while you signed in. Try again."), "{page:?}");
        assert!(!browser.cookies.contains_key("countersign_session"), "nobody is signed in");
        let next = browser.submits(&world, &page, &[("username", name), ("password", &password)]).await;
        let Arrived::Page { at, .. } = &next else { panic!("a page: {next:?}") };
        assert!(next.asks_for_consent() || at == "/account", "{next:?}");
        assert_eq!(next.asks_for_consent(), name == "eve");
    }
}

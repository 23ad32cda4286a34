//! People look after their own accounts on pages.

mod lists;

use reqwest::Method;

use crate::api::people::{WRONG, a_password, token_of_letter, with_letters};
use crate::harness::{A_WHILE, Arrived, Backend, Browser, Node, User, stories, within};

stories![
    who_is_not_signed_in_is_asked_to_and_comes_back,
    a_profile_is_changed_on_its_page,
    another_address_takes_the_password_and_a_letter,
    another_password_ends_all_sessions_but_this_one,
    an_account_is_closed_by_who_knows_its_password,
    who_signs_out_is_signed_out,
    a_form_of_another_page_changes_nothing,
    below_an_issuer_with_a_path_the_pages_find_each_other,
];

const PAGES: [&str; 6] =
    ["/account", "/account/email", "/account/password", "/account/sessions", "/account/apps", "/account/close"];

/// Signs in at the server itself, and arrives at the account.
async fn signed_in(node: &Node, user: &User) -> (Browser, Arrived) {
    let mut browser = Browser::default();
    let page = browser.opens(node, "/login").await;
    let page = browser.signs_in(node, &page, user).await;
    assert!(is_at(&page, "/account"), "{page:?}");
    (browser, page)
}

fn is_at(arrived: &Arrived, path: &str) -> bool {
    matches!(arrived, Arrived::Page { at, answer } if at.split('?').next() == Some(path) && answer.status == 200)
}

fn says(arrived: &Arrived, text: &str) -> bool {
    arrived.page().body.contains(text)
}

async fn who_is_not_signed_in_is_asked_to_and_comes_back(backend: Backend) {
    let world = backend.world().await;
    let ann = world.user("ann").await;
    for path in PAGES {
        let page = Browser::default().opens(&world, path).await;
        assert!(is_at(&page, "/login") && page.asks_for_password() && says(&page, "To your account."), "{page:?}");
        let answer = Browser::default().sends(&world, Method::POST, path, &[("form", "x")]).await;
        assert_eq!((answer.status, answer.header("location")), (303, format!("{}/login", world.issuer()).as_str()));
    }
    let (mut browser, page) = signed_in(&world, &ann).await;
    assert!(says(&page, "value=\"ann\"") && says(&page, "Signed in as <strong>ann</strong>"), "{page:?}");
    for path in PAGES {
        let page = browser.opens(&world, path).await;
        assert!(is_at(&page, path), "{page:?}");
        assert_eq!(page.page().body.matches("aria-current=\"page\"").count(), 1, "{path}: {page:?}");
        assert_eq!(page.page().body.matches("<h1>").count(), 1, "{path}: {page:?}");
    }
    // Nothing that stands in the query leads anywhere else.
    for query in
        ["next=https%3A%2F%2Fevil.example", "redirect_uri=https%3A%2F%2Fevil.example", "return_to=//evil.example"]
    {
        let page = Browser::default().opens(&world, &format!("/login?{query}")).await;
        assert!(page.page().status == 400 && !says(&page, "evil"), "{page:?}");
    }
    let mut browser = Browser::default();
    let page = browser.opens(&world, "/login?ui_locales=de").await;
    assert!(says(&page, "Zu Ihrem Konto."), "{page:?}");
    let again = browser.submits(&world, &page, &[("username", "ann"), ("password", WRONG)]).await;
    assert!(again.page().status == 422 && says(&again, "Der Name oder das Passwort ist falsch."), "{again:?}");
    assert!(is_at(&browser.signs_in(&world, &again, &ann).await, "/account"));
    world.advance(43_200);
    assert!(browser.opens(&world, "/account").await.asks_for_password(), "it was not used for too long");
}

async fn a_profile_is_changed_on_its_page(backend: Backend) {
    let world = backend.world().await;
    let ann = world.user_with("ann", |new| new.user.profile = r#"{"size":"M"}"#.to_owned()).await;
    world.user("bob").await;
    let (mut browser, page) = signed_in(&world, &ann).await;
    let form = [("username", "Anna"), ("given_name", "Ann"), ("family_name", "Lee"), ("name", "Ann <Lee>")];
    let page = browser.submits_to(&world, &page, "/account", &form).await;
    assert!(is_at(&page, "/account") && says(&page, "Your profile is saved."), "{page:?}");
    assert!(says(&page, "value=\"Ann &lt;Lee&gt;\"") && says(&page, "value=\"Anna\""), "{page:?}");
    let stored =
        world.texts("SELECT username || ' ' || given_name || ' ' || profile FROM users WHERE username_key = 'anna'");
    assert_eq!(stored.await, [r#"Anna Ann {"size":"M"}"#], "what no field shows stays");
    let page = browser.submits_to(&world, &page, "/account", &[("username", "Anna"), ("given_name", "")]).await;
    assert!(says(&page, "Your profile is saved.") && !says(&page, "Lee"), "an empty field clears: {page:?}");
    for (username, about) in [("bob", "This username is taken."), ("", "This is missing."), ("a b", "may have letters")]
    {
        let again =
            browser.submits_to(&world, &page, "/account", &[("username", username), ("name", "A new name")]).await;
        assert!(again.page().status == 422 && says(&again, about), "{again:?}");
        assert!(
            says(&again, "value=\"A new name\"") && says(&again, "aria-describedby=\"username-about\""),
            "{again:?}"
        );
    }
    let acts = world.texts("SELECT act FROM audit_log WHERE act = 'profile_changed'").await;
    assert_eq!(acts.len(), 2);
}

async fn another_address_takes_the_password_and_a_letter(backend: Backend) {
    let (world, mailbox) = with_letters(backend, |_| ()).await;
    let ann = world.user("ann").await;
    let (mut browser, _) = signed_in(&world, &ann).await;
    let path = "/account/email";
    let page = browser.opens(&world, path).await;
    assert!(says(&page, "<strong>ann@example.org</strong>") && says(&page, "It is confirmed."), "{page:?}");
    for (email, password, field, about) in [
        ("new@example.org", WRONG, "current_password", "This is wrong."),
        ("new@example.org", "", "current_password", "This is missing."),
        ("nonsense", ann.password.as_str(), "email", "This is not an email address."),
    ] {
        let form = [("email", email), ("current_password", password)];
        let again = browser.submits_to(&world, &page, path, &form).await;
        assert!(again.page().status == 422 && says(&again, about), "{again:?}");
        assert!(
            says(&again, &format!("id=\"{field}-about\"")) && says(&again, &format!("value=\"{email}\"")),
            "{again:?}"
        );
        again.page().never_says(&[&ann.password]);
    }
    let form = [("email", "new@example.org"), ("current_password", ann.password.as_str())];
    let page = browser.submits_to(&world, &page, path, &form).await;
    assert!(says(&page, "Your address is changed.") && says(&page, "It is not confirmed yet."), "{page:?}");
    within(A_WHILE, "the old address hears of it", async || mailbox.letters_to(&ann.email).len() == 1).await;
    let token = token_of_letter(&mailbox, "new@example.org", 1).await;
    assert_eq!(world.post("/verify-email", &[("token", &token)]).await.status, 200);
    assert!(says(&browser.opens(&world, path).await, "It is confirmed."));

    let careful = world.another_node_with(|config| config.accounts.require_verified_email = true).await;
    let form = [("email", "newer@example.org"), ("current_password", ann.password.as_str())];
    let page = browser.opens(&careful, path).await;
    let page = browser.sends_filled(&careful, path, &page.forms_to(path)[0], &form).await;
    assert!(says(&page, "A letter is on its way") && says(&page, "<strong>new@example.org</strong>"), "{page:?}");
}

async fn another_password_ends_all_sessions_but_this_one(backend: Backend) {
    let world = backend.world().await;
    let mut ann = world.user("annabel").await;
    let (mut browser, _) = signed_in(&world, &ann).await;
    let (mut other, _) = signed_in(&world, &ann).await;
    let session = world.login(&ann).await;
    let path = "/account/password";
    let page = browser.opens(&world, path).await;
    let new = a_password();
    for (current, wanted, field, about) in [
        (WRONG, new.as_str(), "current_password", "This is wrong."),
        (ann.password.as_str(), "short", "new_password", "at least 8 bytes"),
        (ann.password.as_str(), "here is annabel", "new_password", "a name of yours"),
        ("", new.as_str(), "current_password", "This is missing."),
    ] {
        let again =
            browser.submits_to(&world, &page, path, &[("current_password", current), ("new_password", wanted)]).await;
        assert!(again.page().status == 422 && says(&again, about), "{again:?}");
        assert!(says(&again, &format!("id=\"{field}-about\"")), "{again:?}");
        again.page().never_says(&[&ann.password, &new]);
    }
    assert!(session.me(&world).await.status == 200, "nothing has ended yet");
    let form = [("username", "annabel"), ("current_password", ann.password.as_str()), ("new_password", &new)];
    let page = browser.submits_to(&world, &page, path, &form).await;
    assert!(is_at(&page, path) && says(&page, "Your password is changed."), "this browser stays: {page:?}");
    assert!(!session.lives(&world).await);
    assert!(other.opens(&world, "/account").await.asks_for_password(), "another browser is signed out");
    ann.password = new;
    signed_in(&world, &ann).await;
}

async fn an_account_is_closed_by_who_knows_its_password(backend: Backend) {
    let world = backend.world().await;
    let ann = world.user("ann").await;
    let (mut browser, _) = signed_in(&world, &ann).await;
    let session = world.login(&ann).await;
    let path = "/account/close";
    let page = browser.opens(&world, path).await;
    let again = browser.submits_to(&world, &page, path, &[("current_password", WRONG)]).await;
    assert!(again.page().status == 422 && says(&again, "This is wrong."), "{again:?}");
    let refused = world.texts("SELECT outcome FROM audit_log WHERE act = 'account_deleted'").await;
    assert_eq!(refused, ["refused"]);
    let told = browser.submits_to(&world, &page, path, &[("current_password", &ann.password)]).await;
    assert!(told.page().status == 200 && says(&told, "Your account is closed"), "{told:?}");
    assert!(!browser.cookies.contains_key("countersign_session") && !session.lives(&world).await);
    let page = browser.opens(&world, "/account").await;
    assert_eq!(browser.signs_in(&world, &page, &ann).await.page().status, 422);
}

async fn who_signs_out_is_signed_out(backend: Backend) {
    let world = backend.world().await;
    let ann = world.user("ann").await;
    let (mut browser, page) = signed_in(&world, &ann).await;
    let (mut other, _) = signed_in(&world, &ann).await;
    let mut copy = browser.clone();
    let told = browser.submits_to(&world, &page, "/account/sign-out", &[]).await;
    assert!(told.page().status == 200 && says(&told, "You are signed out"), "{told:?}");
    assert!(!browser.cookies.contains_key("countersign_session"));
    assert!(copy.opens(&world, "/account").await.asks_for_password(), "the cookie is worth nothing any more");
    assert!(is_at(&other.opens(&world, "/account").await, "/account"), "only this browser");
    assert_eq!(world.get("/account/sign-out").await.status, 405);
    let acts = world.texts("SELECT target_kind FROM audit_log WHERE act = 'signed_out'").await;
    assert_eq!(acts, ["session"]);
}

async fn a_form_of_another_page_changes_nothing(backend: Backend) {
    let world = backend.world().await;
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let (mut browser, _) = signed_in(&world, &ann).await;
    let (_, of_bob) = signed_in(&world, &bob).await;
    let foreign = of_bob.forms_to("/account/sign-out")[0][0].1.clone();
    let form = [
        ("username", "mallory"),
        ("email", "mallory@example.org"),
        ("current_password", ann.password.as_str()),
        ("new_password", "mallory's own words"),
        ("others", "yes"),
    ];
    for path in PAGES.iter().chain(&["/account/sign-out"]) {
        for mark in ["", "x", &foreign] {
            let form = [&form[..], &[("form", mark)]].concat();
            let answer = browser.sends(&world, Method::POST, path, &form).await;
            assert_eq!(answer.status, 403, "{path}: {answer:?}");
        }
    }
    let page = browser.opens(&world, "/account").await;
    assert!(is_at(&page, "/account") && says(&page, "value=\"ann\""), "{page:?}");
}

async fn below_an_issuer_with_a_path_the_pages_find_each_other(backend: Backend) {
    let issuer = "http://localhost:8080/tenant".parse().expect("an issuer");
    let world = backend.world_with(|config| config.issuer = issuer).await;
    let ann = world.user("ann").await;
    let mut browser = Browser::default();
    let page = browser.opens(&world, "/tenant/account/sessions").await;
    let page = browser.signs_in(&world, &page, &ann).await;
    assert!(is_at(&page, "/tenant/account"), "{page:?}");
    for path in PAGES {
        let body = page.page().body.replace("&#x2f;", "/");
        assert!(body.contains(&format!("href=\"/tenant{path}\"")), "{path}: {page:?}");
    }
    let page = browser.submits_to(&world, &page, "/tenant/account", &[("username", "anna")]).await;
    assert!(is_at(&page, "/tenant/account") && says(&page, "Your profile is saved."), "{page:?}");
    let told = browser.submits_to(&world, &page, "/tenant/account/sign-out", &[]).await;
    assert!(says(&told, "You are signed out"), "{told:?}");
}

//! An account without a password: whose it is shows a sign-in a moment ago, and nothing that is older or of somebody else.

use serde_json::json;
use url::Url;

use super::{Person, Two, acts};
use crate::api::faulty;
use crate::api::people::{a_password, token_of_letter, with_letters};
use crate::authorize::{exchange, request};
use crate::harness::forge::Parts;
use crate::harness::{A_WHILE, Arrived, Backend, Browser, Token, User, secrets, stories, within};

stories![
    an_account_is_closed_after_a_sign_in_a_moment_ago,
    another_address_takes_a_sign_in_a_moment_ago,
    a_sign_in_that_is_too_old_changes_and_closes_nothing,
    who_signs_in_once_more_goes_on_where_they_were,
    a_provider_that_asks_nobody_shows_nothing,
    a_client_that_wants_a_sign_in_has_the_provider_ask,
    somebody_else_at_the_provider_shows_nothing,
    nobody_is_sent_by_a_form_of_somebody_else,
    another_provider_is_added_after_a_sign_in_a_moment_ago,
    a_password_that_was_set_meanwhile_is_asked_for,
    the_page_offers_the_letter_that_sets_a_password,
    at_the_api_nothing_takes_the_place_of_a_password,
];

const CLOSE: &str = "/account/close";
const EMAIL: &str = "/account/email";
const AGAIN: &str = "/login/with/there";
const OLD: i64 = 300;
const TOO_OLD: &str = "You signed in too long ago.";

/// Somebody with an account that the other server made.
async fn without_password(two: &Two, name: &str) -> (Person, User) {
    let user = two.there.user(name).await;
    let mut person = Person::default();
    let account = two.to_account(&mut person, &user).await;
    assert!(is_at(&account, "/account"), "{account:?}");
    (person, user)
}

/// The sign-in is no longer a moment ago, on neither of the two.
fn later(two: &Two) {
    two.here.advance(OLD);
    two.there.advance(OLD);
}

fn state_in(url: &Url) -> String {
    let (_, state) = url.query_pairs().find(|(name, _)| name == "state").expect("a state");
    state.into_owned()
}

fn is_at(arrived: &Arrived, path: &str) -> bool {
    matches!(arrived, Arrived::Page { at, answer } if at == path && answer.status == 200)
}

fn says(arrived: &Arrived, text: &str) -> bool {
    arrived.page().body.contains(text)
}

async fn is_closed(two: &Two, name: &str) -> bool {
    let user = two.here.app.store.user_named(name).await.expect("an answer").expect("an account");
    user.disabled_at.is_some()
}

async fn an_account_is_closed_after_a_sign_in_a_moment_ago(backend: Backend) {
    let two = Two::meet(backend).await;
    let (mut person, ann) = without_password(&two, "ann").await;
    two.here.advance(OLD - 1);
    let page = person.here.opens(&two.here, CLOSE).await;
    assert!(!page.asks_for_password() && page.form_to(AGAIN).is_none(), "{page:?}");
    for mark in ["", "x"] {
        let foreign = person.here.sends_filled(&two.here, CLOSE, &[], &[("form", mark)]).await;
        assert_eq!((foreign.page().status, is_closed(&two, "ann").await), (403, false));
    }
    let told = person.here.submits_to(&two.here, &page, CLOSE, &[]).await;
    assert!(told.page().status == 200 && says(&told, "Your account is closed"), "{told:?}");
    assert!(is_closed(&two, "ann").await && !person.here.cookies.contains_key("countersign_session"));
    let refused = two.to_account(&mut person, &ann).await;
    assert!(says(&refused, "cannot be used at the moment"), "{refused:?}");
}

async fn another_address_takes_a_sign_in_a_moment_ago(backend: Backend) {
    let (here, mailbox) = with_letters(backend, |_| ()).await;
    let two = Two::with(here, backend, |_| ()).await;
    let (mut person, ann) = without_password(&two, "ann").await;
    let page = person.here.opens(&two.here, EMAIL).await;
    assert!(!page.asks_for_password() && says(&page, "<strong>ann@example.org</strong>"), "{page:?}");
    let wrong = person.here.submits_to(&two.here, &page, EMAIL, &[("email", "nonsense")]).await;
    assert!(wrong.page().status == 422 && says(&wrong, "This is not an email address."), "{wrong:?}");
    let done = person.here.submits_to(&two.here, &page, EMAIL, &[("email", "new@example.org")]).await;
    assert!(says(&done, "Your address is changed.") && says(&done, "<strong>new@example.org</strong>"), "{done:?}");
    within(A_WHILE, "the old address hears of it", async || mailbox.letters_to(&ann.email).len() == 1).await;
    assert_eq!(acts(&two.here, "email_changed").await[0]["outcome"], "done");
}

async fn a_sign_in_that_is_too_old_changes_and_closes_nothing(backend: Backend) {
    let two = Two::meet(backend).await;
    let (mut person, _) = without_password(&two, "ann").await;
    let mut forms = Vec::new();
    for path in [CLOSE, EMAIL] {
        forms.push((path, person.here.opens(&two.here, path).await.forms_to(path)[0].clone()));
    }
    later(&two);
    for (path, form) in &forms {
        let page = person.here.opens(&two.here, path).await;
        assert!(says(&page, "This account has no password.") && page.forms_to(path).is_empty(), "{page:?}");
        assert!(page.form_to(AGAIN).is_some() && says(&page, "Sign in again with The other one"), "{page:?}");
        let policy = page.page().header("content-security-policy");
        assert!(policy.contains(two.there.issuer()), "the form may lead there: {policy}");
        // The page was open meanwhile; nor does a password help that nobody has.
        for password in ["", "a password"] {
            let filled = [("email", "mallory@example.org"), ("current_password", password)];
            let filled = if *path == EMAIL { &filled[..] } else { &filled[1..] };
            let refused = person.here.sends_filled(&two.here, path, form, filled).await;
            assert!(refused.page().status == 422 && says(&refused, TOO_OLD), "{refused:?}");
            assert!(refused.form_to(AGAIN).is_some(), "{refused:?}");
        }
    }
    for act in ["account_deleted", "email_changed"] {
        let refused = json!({"outcome": "refused", "reason": "sign_in_too_old", "detail": {}});
        assert_eq!(acts(&two.here, act).await, [refused.clone(), refused], "{act}");
    }
    let user = two.here.app.store.user_named("ann").await.expect("an answer").expect("an account");
    assert!(user.disabled_at.is_none() && user.email == "ann@example.org", "{user:?}");
    // Names are not asked so much for.
    let page = person.here.opens(&two.here, "/account").await;
    let done = person.here.submits_to(&two.here, &page, "/account", &[("username", "anna")]).await;
    assert!(says(&done, "Your profile is saved."), "{done:?}");
}

async fn who_signs_in_once_more_goes_on_where_they_were(backend: Backend) {
    let two = Two::meet(backend).await;
    let (mut person, ann) = without_password(&two, "ann").await;
    later(&two);
    let mut copy = person.here.clone();
    let page = person.here.opens(&two.here, &format!("{EMAIL}?ui_locales=de")).await;
    assert!(says(&page, "Noch einmal mit The other one anmelden"), "{page:?}");
    // Over there it is asked for, though somebody is signed in.
    let mut curious = Person { here: person.here.clone(), there: person.there.clone() };
    let over_there = super::presses(&two.here, &mut curious, &page, AGAIN).await;
    let Arrived::Client(url) = &over_there else { panic!("over there, not {over_there:?}") };
    assert!(url.query_pairs().any(|(name, value)| name == "prompt" && value == "login"), "{url}");
    secrets::note(&state_in(url));
    let path = url.as_str().strip_prefix(two.there.issuer()).expect("there").to_owned();
    let asked = curious.there.opens(&two.there, &path).await;
    assert!(asked.asks_for_password(), "{asked:?}");
    // Who leaves that out comes back, and has shown nothing.
    let silent = curious.there.opens(&two.there, &path.replace("&prompt=login&max_age=0", "")).await;
    let refused = curious.here.opens(&two.here, &two.back(&silent)).await;
    assert!(says(&refused, "Ihre Anmeldung ist zu lange her.") && refused.form_to(AGAIN).is_some(), "{refused:?}");

    let back = two.goes_there(&mut person, &page, AGAIN, &ann).await;
    let page = person.here.opens(&two.here, &back).await;
    assert!(is_at(&page, &format!("{EMAIL}?ui_locales=de")) && page.form_to(AGAIN).is_none(), "{page:?}");
    let in_german = format!("{EMAIL}?ui_locales=de");
    let done = person.here.submits_to(&two.here, &page, &in_german, &[("email", "a@b.example")]).await;
    assert!(says(&done, "<strong>a@b.example</strong>"), "{done:?}");
    assert!(copy.opens(&two.here, "/account").await.asks_for_password(), "the session before is over");
    assert_eq!((acts(&two.here, "signed_in").await.len(), two.accounts().await), (2, 1));
    let twice = person.here.opens(&two.here, &back).await;
    assert!(says(&twice, "not begun in this browser"), "{twice:?}");
}

async fn a_provider_that_asks_nobody_shows_nothing(backend: Backend) {
    let two = Two::meet(backend).await;
    let (mut person, ann) = without_password(&two, "ann").await;
    // Twice, because the two clocks differ a little.
    later(&two);
    later(&two);
    // The ordinary button: over there somebody is signed in, and comes back unasked.
    let account = two.to_account(&mut person, &ann).await;
    assert!(is_at(&account, "/account"), "{account:?}");
    let age = "SELECT CAST(MAX(created_at - auth_time) AS TEXT) FROM sessions";
    let age: i64 = two.here.texts(age).await[0].parse().expect("a number");
    assert!((OLD..3 * OLD).contains(&age), "clients hear when they were asked: {age}");
    for path in [CLOSE, EMAIL] {
        let page = person.here.opens(&two.here, path).await;
        assert!(page.forms_to(path).is_empty() && page.form_to(AGAIN).is_some(), "{page:?}");
    }
    let page = person.here.opens(&two.here, CLOSE).await;
    let back = two.goes_there(&mut person, &page, AGAIN, &ann).await;
    let page = person.here.opens(&two.here, &back).await;
    assert!(!page.forms_to(CLOSE).is_empty(), "asked anew, they have shown it: {page:?}");
}

async fn a_client_that_wants_a_sign_in_has_the_provider_ask(backend: Backend) {
    let two = Two::meet(backend).await;
    let registered = two.here.web_app(|m| m.default_max_age = Some(60)).await;
    let asking = two.here.web_app(|_| ()).await;
    let (mut person, ann) = without_password(&two, "ann").await;
    for (client, asked) in [
        (&asking, ("prompt", "login")),
        (&asking, ("prompt", "select_account")),
        (&asking, ("max_age", "60")),
        (&registered, ("state", "x")),
    ] {
        later(&two);
        let page = person.here.opens(&two.here, &request(client, &[asked])).await;
        let mut curious = Person { here: person.here.clone(), there: person.there.clone() };
        let over_there = super::presses(&two.here, &mut curious, &page, super::BUTTON).await;
        let Arrived::Client(url) = &over_there else { panic!("over there, not {over_there:?}") };
        secrets::note(&state_in(url));
        let path = url.as_str().strip_prefix(two.there.issuer()).expect("there").to_owned();
        assert!(path.contains("&prompt=login&max_age=0"), "{asked:?}: {path}");
        let silent = curious.there.opens(&two.there, &path.replace("&prompt=login&max_age=0", "")).await;
        super::says_why_not(&curious.here.opens(&two.here, &two.back(&silent)).await, TOO_OLD);

        let mut arrived = two.signs_in(&mut person, &page, &ann).await;
        if arrived.asks_for_consent() {
            arrived = person.here.allows(&two.here, &arrived).await;
        }
        let token = Token::of(&exchange(client, &two.here, &arrived.code(&two.here), &[]).await);
        let auth_time = Parts::of(token.id_token().expect("one")).claims["auth_time"].clone();
        assert_eq!(auth_time, json!(two.here.clock.now()), "{asked:?}");
    }
}

async fn somebody_else_at_the_provider_shows_nothing(backend: Backend) {
    let two = Two::meet(backend).await;
    let (mut person, _) = without_password(&two, "ann").await;
    let (_, bob) = without_password(&two, "bob").await;
    let stranger = two.there.user("stranger").await;
    later(&two);
    for other in [&bob, &stranger] {
        person.there = Browser::default();
        let page = person.here.opens(&two.here, CLOSE).await;
        let back = two.goes_there(&mut person, &page, AGAIN, other).await;
        let refused = person.here.opens(&two.here, &back).await;
        let Arrived::Page { at, answer } = &refused else { panic!("a page") };
        assert!(at.starts_with("/account/close?failed=somebody_else") && answer.status == 200, "{refused:?}");
        assert!(says(&refused, "Somebody else is signed in at The other one."), "{refused:?}");
        assert!(
            refused.forms_to(CLOSE).is_empty() && says(&refused, "Signed in as <strong>ann</strong>"),
            "{refused:?}"
        );
    }
    assert_eq!(two.accounts().await, 2, "nobody gets an account by that");
    // Nor does anybody who did not want to.
    let page = person.here.opens(&two.here, CLOSE).await;
    let arrived = super::presses(&two.here, &mut person, &page, AGAIN).await;
    let Arrived::Client(url) = &arrived else { panic!("over there, not {arrived:?}") };
    let state = state_in(url);
    secrets::note(&state);
    let iss: String = url::form_urlencoded::byte_serialize(two.there.issuer().as_bytes()).collect();
    let back = format!("/login/from/there?error=access_denied&state={state}&iss={iss}");
    let refused = person.here.opens(&two.here, &back).await;
    assert!(says(&refused, "did not let you sign in") && refused.forms_to(CLOSE).is_empty(), "{refused:?}");
}

async fn nobody_is_sent_by_a_form_of_somebody_else(backend: Backend) {
    let two = Two::meet(backend).await;
    let (mut ann, ann_there) = without_password(&two, "ann").await;
    let (mut bob, _) = without_password(&two, "bob").await;
    later(&two);
    let page = ann.here.opens(&two.here, CLOSE).await;
    let (path, hidden) = page.form_to(AGAIN).expect("a button");
    assert_eq!(bob.here.sends_filled(&two.here, &path, &hidden, &[]).await.page().status, 403, "ann's mark");
    assert_eq!(Browser::default().sends_filled(&two.here, &path, &hidden, &[]).await.page().status, 403, "no session");
    let unmarked = [hidden[1].clone()];
    assert_eq!(ann.here.sends_filled(&two.here, &path, &unmarked, &[]).await.page().status, 403);
    for elsewhere in ["/account", "//evil.example", "https://evil.example", ""] {
        let changed = [hidden[0].clone(), ("again".to_owned(), elsewhere.to_owned())];
        let answer = ann.here.sends_filled(&two.here, &path, &changed, &[]).await;
        assert_eq!(answer.page().status, 403, "{elsewhere}: {answer:?}");
    }
    // Ann went there, and bob comes back in her browser, or ann in his.
    let back = two.goes_there(&mut ann, &page, AGAIN, &ann_there).await;
    let foreign = bob.here.opens(&two.here, &back).await;
    assert!(says(&foreign, "not begun in this browser"), "{foreign:?}");
    let of_ann = ann.here.cookies.insert(
        "countersign_session".to_owned(),
        bob.here.cookies.get("countersign_session").expect("a session").clone(),
    );
    let swapped = ann.here.opens(&two.here, &back).await;
    assert!(says(&swapped, "not begun in this browser"), "{swapped:?}");
    for (browser, name) in [(&mut ann.here, "bob"), (&mut bob.here, "bob")] {
        let page = browser.opens(&two.here, CLOSE).await;
        assert!(page.forms_to(CLOSE).is_empty(), "{name} has not signed in again: {page:?}");
    }
    ann.here.cookies.insert("countersign_session".to_owned(), of_ann.expect("a session"));
    assert!(ann.here.opens(&two.here, CLOSE).await.forms_to(CLOSE).is_empty(), "nor has ann");
}

async fn another_provider_is_added_after_a_sign_in_a_moment_ago(backend: Backend) {
    const ADD: &str = "/login/with/once-more";
    const LINKED: &str = "/account/linked";
    let two = Two::meet(backend).await;
    let client = super::client_of(&two.there, &two.here, "once-more").await;
    let description = json!({
        "name": "once-more", "label": "Once more", "issuer": two.there.issuer(), "client_id": client.id,
        "client_secret": client.secret,
    });
    super::described(&two.here, &description).await.expect("a provider");
    let (mut person, ann) = without_password(&two, "ann").await;
    let page = person.here.opens(&two.here, LINKED).await;
    let (path, hidden) = page.form_to(ADD).expect("a button");
    later(&two);
    let refused = person.here.sends_filled(&two.here, &path, &hidden, &[]).await;
    let Arrived::Page { at, answer } = &refused else { panic!("a page, not {refused:?}") };
    assert!(at == "/account/linked?failed=sign_in_too_old&upstream=once-more" && answer.status == 200, "{refused:?}");
    assert!(says(&refused, TOO_OLD) && refused.form_to(ADD).is_none(), "{refused:?}");
    assert_eq!(acts(&two.here, "identity_linked").await[0]["reason"], "sign_in_too_old");
    let back = two.goes_there(&mut person, &refused, AGAIN, &ann).await;
    let page = person.here.opens(&two.here, &back).await;
    assert!(is_at(&page, LINKED), "{page:?}");
    let mallory = two.there.user("mallory").await;
    person.there = Browser::default();
    let back = two.goes_there(&mut person, &page, ADD, &mallory).await;
    let done = person.here.opens(&two.here, &back).await;
    assert!(says(&done, "You can sign in with it from now on."), "{done:?}");
}

async fn a_password_that_was_set_meanwhile_is_asked_for(backend: Backend) {
    let two = Two::meet(backend).await;
    let (mut person, ann) = without_password(&two, "ann").await;
    let page = person.here.opens(&two.here, CLOSE).await;
    let password = a_password();
    let hash = two.here.app.passwords.hash(&countersign::secret::Plain::presented(password.as_str())).await;
    let hash = hash.expect("a hash");
    let id = two.here.app.store.user_named(&ann.email).await.expect("an answer").expect("an account").id;
    let ours = User { id, ..ann };
    two.here
        .amend(&ours, |amendment| {
            amendment.change.password_kind = Some(Some(hash.kind()));
            amendment.change.password_hash = Some(Some(hash));
        })
        .await;
    let refused = person.here.submits_to(&two.here, &page, CLOSE, &[]).await;
    assert!(refused.page().status == 422 && says(&refused, "This is missing."), "{refused:?}");
    assert!(refused.asks_for_password() && !is_closed(&two, "ann").await, "{refused:?}");
    let told = person.here.submits_to(&two.here, &refused, CLOSE, &[("current_password", &password)]).await;
    assert!(says(&told, "Your account is closed"), "{told:?}");
}

async fn the_page_offers_the_letter_that_sets_a_password(backend: Backend) {
    let (here, mailbox) = with_letters(backend, |_| ()).await;
    let two = Two::with(here, backend, |_| ()).await;
    let (mut person, ann) = without_password(&two, "ann").await;
    later(&two);
    for path in [CLOSE, EMAIL] {
        let page = person.here.opens(&two.here, path).await;
        let body = page.page().body.replace("&#x2f;", "/");
        assert!(body.contains("<a href=\"/account/password\">Set a password instead</a>"), "{page:?}");
    }
    let page = person.here.opens(&two.here, "/account/password").await;
    assert!(!page.asks_for_password() && says(&page, "<strong>ann@example.org</strong>"), "{page:?}");
    let told = person.here.submits_to(&two.here, &page, "/forgot-password", &[]).await;
    assert!(told.page().status == 200 && says(&told, "Look into your mail"), "{told:?}");
    let (token, password) = (token_of_letter(&mailbox, &ann.email, 1).await, a_password());
    let form = [("token", token.as_str()), ("password", &password), ("again", &password)];
    assert_eq!(two.here.post("/reset-password", &form).await.status, 200);
    assert!(person.here.opens(&two.here, "/account").await.asks_for_password(), "all sessions are over");
    let mut browser = Browser::default();
    let page = browser.opens(&two.here, "/login").await;
    let account = browser.signs_in(&two.here, &page, &User { password, ..ann.clone() }).await;
    assert!(is_at(&account, "/account"), "{account:?}");
    assert!(browser.opens(&two.here, CLOSE).await.asks_for_password(), "from now on it is asked for");
    assert!(browser.opens(&two.here, "/account/password").await.asks_for_password());
    assert!(is_at(&two.to_account(&mut Person::default(), &ann).await, "/account"), "and the provider stays");
}

async fn at_the_api_nothing_takes_the_place_of_a_password(backend: Backend) {
    let world = backend.world().await;
    let ann = world.user("ann").await;
    let session = world.login(&ann).await;
    world
        .amend(&ann, |amendment| {
            (amendment.change.password_hash, amendment.change.password_kind) = (Some(None), Some(None));
        })
        .await;
    for body in
        [json!({"email": "new@example.org"}), json!({"email": "new@example.org", "current_password": ann.password})]
    {
        let answer = session.patch(&world, body).await;
        answer.is_problem(422, "invalid_fields");
        assert_eq!(faulty(&answer), ["current_password"]);
        assert!(answer.body.contains("the account has none"), "{answer:?}");
    }
    let body = json!({"current_password": ann.password, "new_password": a_password()});
    let path = "/api/v1/auth/change-password";
    let answer = session.send(&world, reqwest::Method::POST, path, Some(&body)).await;
    answer.is_problem(422, "invalid_fields");
    assert!(answer.body.contains("the account has none"), "{answer:?}");
    for (act, times) in [("email_changed", 2), ("password_changed", 1)] {
        let refused = json!({"outcome": "refused", "reason": "no_password", "detail": {}});
        assert_eq!(acts(&world, act).await, vec![refused; times], "{act}");
    }
    assert_eq!(session.patch(&world, json!({"name": "Ann Lee"})).await.status, 200, "names are not asked so much for");
    assert_eq!(session.me(&world).await.json()["email"], ann.email.as_str());
}

//! Who has no account here gets one, if the provider may make one, out of what it says.

use serde_json::json;

use super::{Person, Two, acts, says_why_not};
use crate::api::people::{token_of_letter, with_letters};
use crate::harness::{Backend, stories};

stories![
    where_none_is_made_who_has_none_is_not_let_in,
    a_username_that_is_taken_gets_something_added,
    what_is_no_name_here_is_left_out,
    an_address_that_is_not_confirmed_there_is_not_confirmed_here,
    who_took_an_address_in_vain_is_out_when_its_owner_comes,
    where_addresses_must_be_confirmed_nobody_learns_which_are_known,
    who_makes_too_many_has_to_wait,
];

async fn where_none_is_made_who_has_none_is_not_let_in(backend: Backend) {
    let two = Two::with(backend.world().await, backend, |said| said["create_users"] = json!(false)).await;
    let ann = two.there.user("ann").await;
    says_why_not(&two.to_account(&mut Person::default(), &ann).await, "none is made by signing in");
    assert_eq!(
        (two.accounts().await, acts(&two.here, "sign_in_refused").await[0]["reason"].clone()),
        (0, json!("no_upstream_account"))
    );
    // Who has one may still prove it.
    two.here.user("ann").await;
    let page = two.to_account(&mut Person::default(), &ann).await;
    assert!(page.page().body.contains("Is this your account?"), "{page:?}");
}

async fn a_username_that_is_taken_gets_something_added(backend: Backend) {
    let two = Two::meet(backend).await;
    two.here
        .user_with("ann", |new| {
            new.user.email = "another@example.org".to_owned();
            new.user.email_key = "another@example.org".to_owned();
        })
        .await;
    let ann = two.there.user("ann").await;
    let account = two.to_account(&mut Person::default(), &ann).await;
    assert_eq!(account.page().status, 200, "{account:?}");
    let user = two.here.app.store.user_named("ann@example.org").await.expect("an answer").expect("an account");
    let added = user.username.strip_prefix("ann-").expect("the same, and more");
    assert!(!added.is_empty() && added.chars().all(|c| c.is_ascii_alphanumeric()), "{added}");
}

async fn what_is_no_name_here_is_left_out(backend: Backend) {
    let two = Two::with(backend.world().await, backend, |said| said["claims"] = json!({"username": "name"})).await;
    let odd = two.there.user_with("odd", |new| new.user.name = Some("+ Zoë / Ö'Dd".to_owned())).await;
    two.to_account(&mut Person::default(), &odd).await;
    let user = two.here.app.store.user_named("odd@example.org").await.expect("an answer").expect("an account");
    assert_eq!((user.username.as_str(), user.name.as_deref()), ("ZoDd", Some("+ Zoë / Ö'Dd")));
}

async fn an_address_that_is_not_confirmed_there_is_not_confirmed_here(backend: Backend) {
    let (here, mailbox) = with_letters(backend, |_| ()).await;
    let two = Two::with(here, backend, |_| ()).await;
    let ann = two.there.user_with("ann", |new| new.user.verified_at = None).await;
    let account = two.to_account(&mut Person::default(), &ann).await;
    assert!(account.page().body.contains("value=\"ann\""), "{account:?}");
    let verified = async || {
        let user = two.here.app.store.user_named("ann").await.expect("an answer").expect("an account");
        user.verified_at.is_some()
    };
    assert!(!verified().await);
    let token = token_of_letter(&mailbox, &ann.email, 1).await;
    let done = two.here.post("/verify-email", &[("token", &token)]).await;
    assert_eq!(done.status, 200, "{done:?}");
    assert!(verified().await);
}

/// Somebody has an account made with the address of somebody else, and waits until its owner comes by "forgot password".
async fn who_took_an_address_in_vain_is_out_when_its_owner_comes(backend: Backend) {
    let (here, mailbox) = with_letters(backend, |_| ()).await;
    let two = Two::with(here, backend, |_| ()).await;
    let mallory = two.there.user_with("ann", |new| new.user.verified_at = None).await;
    let bob = two.there.user("bob").await;
    for user in [&mallory, &bob] {
        assert!(!two.to_account(&mut Person::default(), user).await.asks_for_password());
    }
    // The letter that asks to confirm the address comes first.
    token_of_letter(&mailbox, &mallory.email, 1).await;
    for (count, email) in [(2, &mallory.email), (1, &bob.email)] {
        assert_eq!(two.here.post("/forgot-password", &[("email", email)]).await.status, 200);
        let token = token_of_letter(&mailbox, email, count).await;
        let (password, token) = ("another long passphrase", token.as_str());
        let form = [("token", token), ("password", password), ("again", password)];
        let done = two.here.post("/reset-password", &form).await;
        assert_eq!(done.status, 200, "{done:?}");
    }
    let page = two.to_account(&mut Person::default(), &mallory).await;
    assert!(page.page().body.contains("Is this your account?"), "{page:?}");
    // Whose address was confirmed stays linked.
    assert!(!two.to_account(&mut Person::default(), &bob).await.asks_for_password());
}

async fn where_addresses_must_be_confirmed_nobody_learns_which_are_known(backend: Backend) {
    let (here, mailbox) = with_letters(backend, |config| config.accounts.require_verified_email = true).await;
    let two = Two::with(here, backend, |_| ()).await;
    let known = two.here.user("known").await;
    let mut pages = Vec::new();
    for name in ["known", "fresh"] {
        let user = two.there.user_with(name, |new| new.user.verified_at = None).await;
        let page = two.to_account(&mut Person::default(), &user).await;
        assert_eq!(page.page().status, 200, "{page:?}");
        assert!(page.page().body.contains("Look into your mail"), "{page:?}");
        assert!(page.page().body.contains("href=\"/login\""), "{page:?}");
        pages.push(page.page().body.replace(name, "NAME"));
    }
    assert_eq!(pages[0], pages[1]);
    assert!(two.here.app.store.identities_of(&known.id).await.expect("an answer").is_empty(), "nothing is linked");
    let token = token_of_letter(&mailbox, "fresh@example.org", 1).await;
    let fresh = two.there.user("another").await;
    assert!(!two.to_account(&mut Person::default(), &fresh).await.asks_for_password(), "confirmed there is confirmed");
    assert_eq!(two.here.post("/verify-email", &[("token", &token)]).await.status, 200);
    crate::harness::within(crate::harness::A_WHILE, "the owner hears of it", async || {
        mailbox.letters_to(&known.email).len() == 1
    })
    .await;
}

async fn who_makes_too_many_has_to_wait(backend: Backend) {
    let here = backend
        .world_with(|config| {
            config.limits.enabled = true;
            config.limits.registrations_per_hour = 1;
        })
        .await;
    let two = Two::with(here, backend, |_| ()).await;
    let (ann, bob) = (two.there.user("ann").await, two.there.user("bob").await);
    assert_eq!(two.to_account(&mut Person::default(), &ann).await.page().status, 200);
    assert_eq!(two.to_account(&mut Person::default(), &bob).await.page().status, 429);
    assert!(!two.to_account(&mut Person::default(), &ann).await.asks_for_password(), "who has one signs in");
}

//! An address that is the same links nobody: who owns the account here shows it, and may take the link away again.

use countersign::mail::{Letter, Link};
use countersign::outbox;
use countersign::store::StoreError;
use countersign::store::identities::IdentityRow;
use countersign::store::users::Spared;

use super::{BUTTON, Person, Two, acts, says_why_not};
use crate::api::people::with_letters;
use crate::authorize::request;
use crate::harness::{A_WHILE, Arrived, Backend, Browser, User, audited, stories, within};

stories![
    an_account_with_the_same_address_is_linked_by_its_password_alone,
    a_proof_is_for_its_browser_and_for_a_while,
    somebody_who_is_signed_in_adds_a_provider_and_removes_it,
    nobody_adds_one_to_a_page_that_was_left_open,
    who_belongs_to_another_account_is_not_added,
    whose_account_it_is_hears_of_a_link_and_of_its_end,
    a_link_is_for_whoever_was_signed_in_when_it_was_begun,
    whoever_was_shut_out_meanwhile_is_not_linked,
    the_last_way_to_sign_in_stays,
    where_there_is_nobody_to_sign_in_with_nothing_is_said_of_it,
];

const LINKED: &str = "/account/linked";
/// What the account's pages call it.
const PAGE: &str = ">Sign-in with others</a>";
const ADD: &str = "/login/with/there";

async fn links_of(two: &Two, user: &User) -> usize {
    two.here.app.store.identities_of(&user.id).await.expect("an answer").len()
}

async fn signed_in_here(two: &Two, person: &mut Person, user: &User) -> Arrived {
    let page = person.here.opens(&two.here, "/login").await;
    person.here.signs_in(&two.here, &page, user).await
}

/// Adds the provider to the account that is signed in.
async fn adds(two: &Two, person: &mut Person, user: &User) -> Arrived {
    let page = person.here.opens(&two.here, LINKED).await;
    let back = two.goes_there(person, &page, ADD, user).await;
    person.here.opens(&two.here, &back).await
}

async fn an_account_with_the_same_address_is_linked_by_its_password_alone(backend: Backend) {
    let two = Two::meet(backend).await;
    let shop = two.here.web_app(|_| ()).await;
    let (theirs, ours) = (two.there.user("ann").await, two.here.user("ann").await);
    let mut person = Person::default();
    let page = person.here.opens(&two.here, &request(&shop, &[])).await;
    let proof = two.signs_in(&mut person, &page, &theirs).await;
    assert!(proof.asks_for_password() && proof.page().body.contains("Is this your account?"), "{proof:?}");
    assert!(proof.page().body.contains("<strong>ann@example.org</strong>"), "{proof:?}");
    assert_eq!(links_of(&two, &ours).await, 0);
    for password in ["another one", ""] {
        let again = person.here.submits(&two.here, &proof, &[("password", password)]).await;
        assert_eq!((again.page().status, links_of(&two, &ours).await), (422, 0), "{again:?}");
    }
    let foreign = Browser::default().submits(&two.here, &proof, &[("password", &ours.password)]).await;
    says_why_not(&foreign, "not begun in this browser");
    let consent = person.here.submits(&two.here, &proof, &[("password", &ours.password)]).await;
    assert!(consent.asks_for_consent(), "the request of the client went on: {consent:?}");
    person.here.allows(&two.here, &consent).await.code(&two.here);
    assert_eq!((links_of(&two, &ours).await, two.accounts().await), (1, 1));
    assert_eq!(acts(&two.here, "identity_linked").await[0]["detail"]["upstream"], "there");
    let again = person.here.submits(&two.here, &proof, &[("password", &ours.password)]).await;
    says_why_not(&again, "not begun in this browser");
    let account = two.to_account(&mut Person::default(), &theirs).await;
    assert!(account.page().body.contains("value=\"ann\""), "from then on: {account:?}");
}

async fn a_proof_is_for_its_browser_and_for_a_while(backend: Backend) {
    let two = Two::meet(backend).await;
    let (theirs, ours) = (two.there.user("ann").await, two.here.user("ann").await);
    let mut person = Person::default();
    let proof = two.to_account(&mut person, &theirs).await;
    let Arrived::Page { at, .. } = &proof else { panic!("a page") };
    assert_eq!(person.here.opens(&two.here, at).await.page().status, 200);
    says_why_not(&Browser::default().opens(&two.here, at).await, "not begun in this browser");
    says_why_not(&person.here.opens(&two.here, "/login/link").await, "not begun in this browser");
    let mut hidden = proof.form();
    hidden.1.retain(|(name, _)| name != "form");
    let unmarked = person.here.sends_filled(&two.here, &hidden.0, &hidden.1, &[("password", &ours.password)]).await;
    assert_eq!(unmarked.page().status, 403, "{unmarked:?}");
    two.here.advance(600);
    let late = person.here.submits(&two.here, &proof, &[("password", &ours.password)]).await;
    says_why_not(&late, "not begun in this browser");
    assert_eq!(links_of(&two, &ours).await, 0);
}

async fn somebody_who_is_signed_in_adds_a_provider_and_removes_it(backend: Backend) {
    let two = Two::meet(backend).await;
    let (theirs, ours) = (two.there.user("theirs").await, two.here.user("ours").await);
    let mut person = Person::default();
    let account = signed_in_here(&two, &mut person, &ours).await;
    assert!(account.page().body.contains(PAGE), "{account:?}");
    let done = adds(&two, &mut person, &theirs).await;
    assert!(done.page().body.contains("You can sign in with it from now on."), "{done:?}");
    assert!(done.page().body.contains("theirs@example.org") && done.form_to(ADD).is_none(), "{done:?}");
    let account = two.to_account(&mut Person::default(), &theirs).await;
    assert!(account.page().body.contains("value=\"ours\""), "{account:?}");
    let page = person.here.opens(&two.here, LINKED).await;
    let (path, hidden) = page.form_to(LINKED).expect("a button");
    let foreign = [("form".to_owned(), "x".to_owned()), hidden[1].clone()];
    assert_eq!(person.here.sends_filled(&two.here, &path, &foreign, &[]).await.page().status, 403);
    let mut of_another = Person::default();
    let eve = two.here.user("eve").await;
    signed_in_here(&two, &mut of_another, &eve).await;
    let own = of_another.here.opens(&two.here, "/account").await.form().1;
    let stolen = of_another.here.sends_filled(&two.here, &path, &[own[0].clone(), hidden[1].clone()], &[]).await;
    assert_eq!((stolen.page().status, links_of(&two, &ours).await), (404, 1), "{stolen:?}");
    let gone = person.here.sends_filled(&two.here, &path, &hidden, &[]).await;
    assert!(gone.page().body.contains("You cannot sign in with it any more."), "{gone:?}");
    assert_eq!((links_of(&two, &ours).await, acts(&two.here, "identity_unlinked").await.len()), (0, 1));
}

async fn nobody_adds_one_to_a_page_that_was_left_open(backend: Backend) {
    let two = Two::meet(backend).await;
    let (mallory, ours) = (two.there.user("mallory").await, two.here.user("ours").await);
    let mut person = Person::default();
    signed_in_here(&two, &mut person, &ours).await;
    let (path, hidden) = person.here.opens(&two.here, LINKED).await.form_to(ADD).expect("a button");
    two.here.advance(300);
    let refused = person.here.sends_filled(&two.here, &path, &hidden, &[]).await;
    let Arrived::Page { at, answer } = &refused else { panic!("a page, not {refused:?}") };
    assert!(at.starts_with("/account/linked?failed=sign_in_too_old") && answer.status == 200, "{refused:?}");
    assert!(answer.body.contains("signing in again") && refused.form_to(ADD).is_none(), "{refused:?}");
    assert!(answer.body.replace("&#x2f;", "/").contains("<a href=\"/login\">Sign in again</a>"), "{refused:?}");
    assert_eq!(links_of(&two, &ours).await, 0);
    signed_in_here(&two, &mut person, &ours).await;
    adds(&two, &mut person, &mallory).await;
    assert_eq!(links_of(&two, &ours).await, 1);
}

async fn whose_account_it_is_hears_of_a_link_and_of_its_end(backend: Backend) {
    let (here, mailbox) = with_letters(backend, |_| ()).await;
    let two = Two::with(here, backend, |_| ()).await;
    let (theirs, ours) = (two.there.user("theirs").await, two.here.user("ours").await);
    let (same_there, same_here) = (two.there.user("same").await, two.here.user("same").await);
    let mut person = Person::default();
    signed_in_here(&two, &mut person, &ours).await;
    let page = adds(&two, &mut person, &theirs).await;
    let (path, hidden) = page.form_to(LINKED).expect("a button");
    let done = person.here.sends_filled(&two.here, &path, &hidden, &[]).await;
    assert!(done.page().body.contains("You cannot sign in with it any more."), "{done:?}");
    // The other way: by the password of an account with the same address.
    let mut other = Person::default();
    let proof = two.to_account(&mut other, &same_there).await;
    other.here.submits(&two.here, &proof, &[("password", &same_here.password)]).await;
    // What is refused, and an account that was only just made, is told to nobody.
    let again = person.here.sends_filled(&two.here, &path, &hidden, &[]).await;
    assert_eq!(again.page().status, 404, "{again:?}");
    two.to_account(&mut Person::default(), &two.there.user("fresh").await).await;

    let has = |address: &str, count: usize| mailbox.letters_to(address).len() == count;
    within(A_WHILE, "the letters arrive", async || has(&ours.email, 2) && has(&same_here.email, 1)).await;
    let mut letters = mailbox.letters_to(&ours.email);
    letters.sort_by_key(|letter| letter.subject().contains("removed"));
    for (letter, subject, words) in [
        (&letters[0], "A new way to sign in to ", "can be signed in to with The other one, too, since "),
        (&letters[1], "A way to sign in to ", "cannot be signed in to with The other one any more since "),
        (&mailbox.letters_to(&same_here.email)[0], "A new way to sign in to ", "from the address 127.0.0.1"),
    ] {
        assert!(letter.subject().starts_with(subject), "{letter:?}");
        assert!(letter.text.contains(words) && letter.html.contains(words), "{letter:?}");
        assert_eq!(letter.link(), format!("{}{LINKED}", two.here.issuer()));
    }
    assert!(mailbox.letters_to("fresh@example.org").is_empty() && has(&ours.email, 2) && has(&same_here.email, 1));
}

async fn who_belongs_to_another_account_is_not_added(backend: Backend) {
    let two = Two::meet(backend).await;
    let (theirs, ours) = (two.there.user("theirs").await, two.here.user("ours").await);
    two.to_account(&mut Person::default(), &theirs).await;
    let mut person = Person::default();
    signed_in_here(&two, &mut person, &ours).await;
    let refused = adds(&two, &mut person, &theirs).await;
    let Arrived::Page { at, answer } = &refused else { panic!("a page") };
    assert!(at.starts_with("/account/linked?failed=linked_elsewhere") && answer.status == 200, "{refused:?}");
    assert!(answer.body.contains("belongs to another account here already"), "{refused:?}");
    assert_eq!(links_of(&two, &ours).await, 0);
}

async fn a_link_is_for_whoever_was_signed_in_when_it_was_begun(backend: Backend) {
    let two = Two::meet(backend).await;
    let (theirs, ours, other) =
        (two.there.user("theirs").await, two.here.user("ours").await, two.here.user("other").await);
    let mut person = Person::default();
    signed_in_here(&two, &mut person, &ours).await;
    let page = person.here.opens(&two.here, LINKED).await;
    let back = two.goes_there(&mut person, &page, ADD, &theirs).await;
    signed_in_here(&two, &mut person, &other).await;
    let refused = person.here.opens(&two.here, &back).await;
    assert!(refused.page().body.contains("not begun in this browser"), "{refused:?}");
    assert_eq!((links_of(&two, &ours).await, links_of(&two, &other).await), (0, 0));
}

async fn the_last_way_to_sign_in_stays(backend: Backend) {
    let two = Two::meet(backend).await;
    let theirs = two.there.user("theirs").await;
    let mut person = Person::default();
    two.to_account(&mut person, &theirs).await;
    let page = person.here.opens(&two.here, LINKED).await;
    let (path, hidden) = page.form_to(LINKED).expect("a button");
    let refused = person.here.sends_filled(&two.here, &path, &hidden, &[]).await;
    assert_eq!(refused.page().status, 422, "{refused:?}");
    assert!(refused.page().body.contains("This is the only way to sign in to your account."), "{refused:?}");
    // Of two that are given up at once, one stays.
    let another = two.there.user("another").await;
    let client = super::client_of(&two.there, &two.here, "once-more").await;
    let description = serde_json::json!({
        "name": "once-more", "label": "Once more", "issuer": two.there.issuer(), "client_id": client.id,
        "client_secret": client.secret,
    });
    super::described(&two.here, &description).await.expect("a provider");
    let page = person.here.opens(&two.here, LINKED).await;
    let mut other = Person { here: person.here.clone(), ..Person::default() };
    let back = two.goes_there(&mut other, &page, "/login/with/once-more", &another).await;
    let linked = other.here.opens(&two.here, &back).await;
    let forms = linked.forms_to(LINKED);
    assert_eq!(forms.len(), 2, "{linked:?}");
    let (mut one, mut two_of_them) = (other.here.clone(), other.here.clone());
    let both = tokio::join!(
        one.sends_filled(&two.here, LINKED, &forms[0], &[]),
        two_of_them.sends_filled(&two.here, LINKED, &forms[1], &[]),
    );
    let mut statuses = [both.0.page().status, both.1.page().status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 422], "{both:?}");
}

async fn where_there_is_nobody_to_sign_in_with_nothing_is_said_of_it(backend: Backend) {
    let world = backend.world().await;
    let ann = world.user("ann").await;
    let mut browser = Browser::default();
    let page = browser.opens(&world, "/login").await;
    assert!(page.form_to(BUTTON).is_none() && !page.page().body.contains("class=\"or\""), "{page:?}");
    let account = browser.signs_in(&world, &page, &ann).await;
    assert!(!account.page().body.contains(PAGE), "{account:?}");
}

/// The provider takes its time: what proved somebody to be this user may be over when it answers.
async fn whoever_was_shut_out_meanwhile_is_not_linked(backend: Backend) {
    let (here, mailbox) = with_letters(backend, |_| ()).await;
    let two = Two::with(here, backend, |_| ()).await;
    let ann = two.here.user("ann").await;
    let store = &two.here.app.store;
    let upstream = store.upstream_named("there").await.expect("an answer").expect("a provider");
    let epoch = store.user(&ann.id).await.expect("an answer").expect("a user").epoch;
    let now = two.here.clock.now();
    let row = |id: &str| IdentityRow {
        id: id.to_owned(),
        upstream_id: upstream.id.clone(),
        subject: id.to_owned(),
        user_id: ann.id.clone(),
        email: None,
        linked_at: now,
        last_login_at: None,
    };
    let told = |provider: &str| {
        let link = Link::to(&two.here.app.config.issuer, LINKED);
        let letter = Letter::ProviderLinked { name: None, link, provider: provider.to_owned(), at: now, address: None };
        outbox::letter(&two.here.app, letter, &ann.email, now).expect("a letter")
    };
    assert!(store.add_identity(row("first"), epoch, told("first"), audited()).await.expect("an answer"));
    two.here.amend(&ann, |amendment| amendment.ends_grants = Some(Spared(None))).await;
    let late = store.add_identity(row("second"), epoch, told("second"), audited()).await;
    assert!(matches!(late, Err(StoreError::Overtaken)), "{late:?}");
    // Nobody hears of what did not happen.
    assert_eq!(two.here.post("/forgot-password", &[("email", &ann.email)]).await.status, 200);
    within(A_WHILE, "the letters arrive", async || mailbox.letters_to(&ann.email).len() >= 2).await;
    let told: Vec<String> = mailbox.letters_to(&ann.email).iter().map(|letter| letter.text.clone()).collect();
    assert!(told.len() == 2 && told.iter().any(|text| text.contains("with first, too")), "{told:?}");
    let linked = store.identities_of(&ann.id).await.expect("an answer");
    assert_eq!(linked.iter().map(|row| row.id.as_str()).collect::<Vec<_>>(), ["first"]);
}

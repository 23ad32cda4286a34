//! Whoever is not signed in is told why in a sentence, at a page where all other ways are open.

use countersign::config::Config;
use serde_json::json;

use super::{BUTTON, Person, Two, acts, presses, says_why_not};
use crate::authorize::request;
use crate::harness::{Arrived, Backend, Browser, stories};

stories![
    who_does_not_want_it_is_back_at_the_sign_in_page,
    it_is_said_in_the_readers_language,
    an_answer_is_for_the_browser_that_was_sent_and_once,
    an_answer_that_comes_too_late_is_none,
    an_answer_of_another_issuer_is_none,
    a_code_that_the_provider_does_not_know_signs_nobody_in,
    a_form_of_another_page_sends_nobody,
    a_provider_that_is_off_or_unknown_is_not_there,
    an_account_that_is_shut_stays_shut,
];

const NOT_WANTED: &str = "did not let you sign in, or you did not want to";
const NOT_TAKEN: &str = "cannot be taken here";
const NOT_BEGUN: &str = "was not begun in this browser, or took too long";

/// Where the browser would come back to, with this changed; an empty value leaves a parameter out.
fn changed(back: &str, name: &str, value: &str) -> String {
    let (path, query) = back.split_once('?').expect("a query");
    let mut pairs: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    pairs.retain(|(each, _)| each != name);
    if !value.is_empty() {
        pairs.push((name.to_owned(), value.to_owned()));
    }
    format!("{path}?{}", url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish())
}

async fn who_does_not_want_it_is_back_at_the_sign_in_page(backend: Backend) {
    let two = Two::meet(backend).await;
    let (shop, ann, bob) = (two.here.web_app(|_| ()).await, two.there.user("ann").await, two.here.user("bob").await);
    let mut person = Person::default();
    let page = person.here.opens(&two.here, &request(&shop, &[])).await;
    let arrived = presses(&two.here, &mut person, &page, BUTTON).await;
    let Arrived::Client(url) = &arrived else { panic!("over there: {arrived:?}") };
    let mut asked = person.there.opens(&two.there, url.as_str().strip_prefix(two.there.issuer()).expect("there")).await;
    asked = person.there.signs_in(&two.there, &asked, &ann).await;
    let refused = person.there.submits(&two.there, &asked, &[("decision", "refuse")]).await;
    assert_eq!(refused.error(&two.there), "access_denied");
    let page = person.here.opens(&two.here, &two.back(&refused)).await;
    says_why_not(&page, NOT_WANTED);
    assert_eq!(acts(&two.here, "sign_in_refused").await[0]["reason"], "upstream_refused");
    // The request of the client still waits there.
    let consent = person.here.signs_in(&two.here, &page, &bob).await;
    person.here.allows(&two.here, &consent).await.code(&two.here);
}

async fn it_is_said_in_the_readers_language(backend: Backend) {
    let two = Two::meet(backend).await;
    let mut browser = Browser::default();
    browser.headers.push(("accept-language", "de".to_owned()));
    let page = browser.opens(&two.here, "/login").await;
    assert!(page.page().body.contains("Mit The other one anmelden"), "{page:?}");
    let page = browser.opens(&two.here, "/login/from/there?state=x&code=y").await;
    says_why_not(&page, "Diese Anmeldung mit The other one wurde nicht in diesem Browser begonnen");
    let page = browser.opens(&two.here, "/login?failed=%3Cb%3E&upstream=%3Cb%3E").await;
    assert!(!page.page().body.contains("<b>") && !page.page().body.contains("role=\"alert\""), "{page:?}");
    let page = browser.opens(&two.here, "/login?failed=upstream_away&upstream=nobody").await;
    says_why_not(&page, "Der andere Dienst antwortet im Augenblick nicht");
}

async fn an_answer_is_for_the_browser_that_was_sent_and_once(backend: Backend) {
    let two = Two::meet(backend).await;
    let ann = two.there.user("ann").await;
    let mut person = Person::default();
    let page = person.here.opens(&two.here, "/login").await;
    let back = two.goes_there(&mut person, &page, BUTTON, &ann).await;
    says_why_not(&Browser::default().opens(&two.here, &back).await, NOT_BEGUN);
    let mut other = Person::default();
    let page = other.here.opens(&two.here, "/login").await;
    presses(&two.here, &mut other, &page, BUTTON).await;
    says_why_not(&other.here.opens(&two.here, &back).await, NOT_BEGUN);
    says_why_not(&person.here.opens(&two.here, &changed(&back, "state", "")).await, NOT_BEGUN);
    assert_eq!(two.accounts().await, 0);
    let account = person.here.opens(&two.here, &back).await;
    assert!(account.page().body.contains("value=\"ann\""), "it was not spent by others: {account:?}");
    says_why_not(&person.here.opens(&two.here, &back).await, NOT_BEGUN);
    // Whatever comes back at once, one is signed in.
    let mut person = Person::default();
    let page = person.here.opens(&two.here, "/login").await;
    let back = two.goes_there(&mut person, &page, BUTTON, &ann).await;
    let (mut one, mut other) = (person.here.clone(), person.here.clone());
    let both = tokio::join!(one.opens(&two.here, &back), other.opens(&two.here, &back));
    let signed_in = [&both.0, &both.1].iter().filter(|arrived| !arrived.asks_for_password()).count();
    assert_eq!(signed_in, 1, "{both:?}");
}

async fn an_answer_that_comes_too_late_is_none(backend: Backend) {
    let two = Two::meet(backend).await;
    let ann = two.there.user("ann").await;
    let mut person = Person::default();
    let page = person.here.opens(&two.here, "/login").await;
    let back = two.goes_there(&mut person, &page, BUTTON, &ann).await;
    two.here.advance(600);
    says_why_not(&person.here.opens(&two.here, &back).await, NOT_BEGUN);
}

async fn an_answer_of_another_issuer_is_none(backend: Backend) {
    let two = Two::meet(backend).await;
    let ann = two.there.user("ann").await;
    // This server announces `iss`, so it must be there (RFC 9207 §2.4), also where it says that somebody refused.
    for iss in ["https://elsewhere.example", ""] {
        let mut person = Person::default();
        let page = person.here.opens(&two.here, "/login").await;
        let back = two.goes_there(&mut person, &page, BUTTON, &ann).await;
        says_why_not(&person.here.opens(&two.here, &changed(&back, "iss", iss)).await, NOT_TAKEN);
        let page = person.here.opens(&two.here, "/login").await;
        let back = two.goes_there(&mut person, &page, BUTTON, &ann).await;
        let refused = changed(&changed(&back, "iss", iss), "error", "access_denied");
        says_why_not(&person.here.opens(&two.here, &refused).await, NOT_TAKEN);
    }
    assert_eq!(two.accounts().await, 0);
    let reasons: Vec<_> = acts(&two.here, "sign_in_refused").await.iter().map(|act| act["reason"].clone()).collect();
    assert_eq!(reasons, vec![json!("upstream_wrong"); 4]);
}

async fn a_code_that_the_provider_does_not_know_signs_nobody_in(backend: Backend) {
    let two = Two::meet(backend).await;
    let ann = two.there.user("ann").await;
    for (code, error) in [("cs_code_of-nobody", ""), ("", ""), ("", "invalid_scope")] {
        let mut person = Person::default();
        let page = person.here.opens(&two.here, "/login").await;
        let back = two.goes_there(&mut person, &page, BUTTON, &ann).await;
        let back = changed(&changed(&back, "code", code), "error", error);
        says_why_not(&person.here.opens(&two.here, &back).await, NOT_TAKEN);
    }
    // A code that another browser was given is not of this one's challenge.
    let (mut one, mut other) = (Person::default(), Person::default());
    let page = one.here.opens(&two.here, "/login").await;
    let of_one = two.goes_there(&mut one, &page, BUTTON, &ann).await;
    let page = other.here.opens(&two.here, "/login").await;
    let of_other = two.goes_there(&mut other, &page, BUTTON, &ann).await;
    let url = url::Url::parse(&format!("http://x{of_one}")).expect("a URL");
    let (_, stolen) = url.query_pairs().find(|(name, _)| name == "code").expect("a code");
    says_why_not(&other.here.opens(&two.here, &changed(&of_other, "code", &stolen)).await, NOT_TAKEN);
    assert_eq!(two.accounts().await, 0);
}

async fn a_form_of_another_page_sends_nobody(backend: Backend) {
    let two = Two::meet(backend).await;
    let shop = two.here.web_app(|_| ()).await;
    let mut person = Person::default();
    let page = person.here.opens(&two.here, &request(&shop, &[])).await;
    let (action, hidden) = page.form_to(BUTTON).expect("a button");
    let path = format!("/{action}");
    for (browser, path, hidden) in [
        (&mut Browser::default(), path.as_str(), hidden.as_slice()),
        (&mut person.here.clone(), "/login/with/there", hidden.as_slice()),
        (&mut person.here.clone(), path.as_str(), &[]),
    ] {
        let answer = browser.sends_filled(&two.here, path, hidden, &[]).await;
        assert_eq!(answer.page().status, 403, "{answer:?}");
    }
    let links = person.here.sends_filled(&two.here, &path, &hidden, &[("link", "yes")]).await;
    assert_eq!(links.page().status, 403, "nobody is signed in: {links:?}");
    assert_eq!(two.here.get("/login/with/there").await.status, 405);
    assert!(two.here.texts("SELECT hash FROM upstream_logins").await.is_empty());
}

async fn a_provider_that_is_off_or_unknown_is_not_there(backend: Backend) {
    let two = Two::with(backend.world().await, backend, |said| said["enabled"] = json!(false)).await;
    let mut person = Person::default();
    let page = person.here.opens(&two.here, "/login").await;
    assert!(page.form_to("login/with").is_none() && !page.page().body.contains("The other one"), "{page:?}");
    let (_, hidden) = page.form();
    for name in ["there", "nobody"] {
        let answer = person.here.sends_filled(&two.here, &format!("/login/with/{name}"), &hidden, &[]).await;
        assert_eq!(answer.page().status, 404, "{answer:?}");
        let answer = person.here.opens(&two.here, &format!("/login/from/{name}?state=x&code=y")).await;
        assert_eq!(answer.page().status, 404, "{answer:?}");
    }
}

async fn an_account_that_is_shut_stays_shut(backend: Backend) {
    let verified = |config: &mut Config| config.accounts.require_verified_email = true;
    let two = Two::with(backend.world_with(verified).await, backend, |_| ()).await;
    let ann = two.there.user("ann").await;
    two.to_account(&mut Person::default(), &ann).await;
    let row = two.here.app.store.user_named("ann").await.expect("an answer").expect("an account");
    let own = crate::harness::User { id: row.id, username: row.username, email: row.email, password: String::new() };
    let now = two.here.clock.now();
    two.here.lock(&own, Some(now)).await;
    says_why_not(&two.to_account(&mut Person::default(), &ann).await, "cannot be used at the moment");
    two.here.lock(&own, None).await;
    two.here.disable_user(&own, Some(now)).await;
    says_why_not(&two.to_account(&mut Person::default(), &ann).await, "cannot be used at the moment");
    two.here.disable_user(&own, None).await;
    two.here.amend(&own, |amendment| amendment.change.must_reset_password = Some(true)).await;
    says_why_not(&two.to_account(&mut Person::default(), &ann).await, "needs a new password");
    two.here
        .amend(&own, |amendment| {
            amendment.change.must_reset_password = Some(false);
            amendment.change.verified_at = Some(None);
        })
        .await;
    says_why_not(&two.to_account(&mut Person::default(), &ann).await, "is not confirmed yet");
    two.here.amend(&own, |amendment| amendment.change.verified_at = Some(Some(now))).await;
    assert!(!two.to_account(&mut Person::default(), &ann).await.asks_for_password());
    let acts = acts(&two.here, "sign_in_refused").await;
    let mut reasons: Vec<&str> = acts.iter().map(|act| act["reason"].as_str().expect("a reason")).collect();
    reasons.sort_unstable();
    assert_eq!(reasons, ["password_reset_due", "user_disabled", "user_locked", "user_unverified"]);
}

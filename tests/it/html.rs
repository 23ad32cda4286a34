//! The pages that letters lead to; and of all pages, their languages and their look.

mod account;
mod chromium;
mod languages;
mod logos;
mod look;
mod register;

use reqwest::Method;
use reqwest::header::CONTENT_TYPE;

use crate::api::people::{a_password, token_of_letter, with_letters};
use crate::harness::{A_WHILE, Answer, Backend, Node, User, secrets, stories, within};

stories![
    a_look_at_a_link_changes_nothing_and_its_button_does,
    a_password_is_set_on_a_page,
    what_is_wrong_with_a_password_is_said_beside_it,
    a_letter_is_asked_for_on_a_page,
    a_page_loads_runs_and_tells_nothing,
    below_an_issuer_with_a_path_pages_send_to_where_they_are,
];

async fn shows(node: &Node, path: &str, token: &str) -> Answer {
    let answer = node.get(&format!("{path}?token={token}")).await;
    is_a_page(&answer);
    answer
}

async fn sends(node: &Node, path: &str, form: &[(&str, &str)]) -> Answer {
    let answer = node.post(path, form).await;
    is_a_page(&answer);
    answer
}

fn is_a_page(answer: &Answer) {
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8", "{answer:?}");
    let policy = answer.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    for part in ["form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("script") && !policy.contains("unsafe"), "{policy}");
    assert_eq!((answer.header("referrer-policy"), answer.header("cache-control")), ("no-referrer", "no-store"));
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert!(answer.body.starts_with("<!doctype html>\n<html lang=\"en\">"), "{answer:?}");
    for part in ["<script", "http:", "https:", "<img", "<link", "style=\"", "javascript"] {
        assert!(!answer.body.contains(part), "{part}: {answer:?}");
    }
    assert_eq!(answer.body.matches("<h1>").count(), 1, "{answer:?}");
}

/// A button sends what the page holds.
fn hidden(answer: &Answer) -> String {
    let (_, rest) = answer.body.split_once("type=\"hidden\" name=\"token\" value=\"").expect("a hidden field");
    rest.split_once('"').expect("its end").0.to_owned()
}

async fn a_look_at_a_link_changes_nothing_and_its_button_does(backend: Backend) {
    let (world, mailbox) = with_letters(backend, |config| config.accounts.require_verified_email = true).await;
    let (ann, body) = crate::api::people::somebody("ann");
    assert_eq!(world.tell(crate::api::people::REGISTER, &body).await.status, 201);
    let token = token_of_letter(&mailbox, &ann.email, 1).await;
    for _ in 0..3 {
        let page = shows(&world, "/verify-email", &token).await;
        assert!(page.status == 200 && page.body.contains("ann@example.org") && hidden(&page) == token, "{page:?}");
        let head = world.send(world.request(Method::HEAD, &format!("/verify-email?token={token}"))).await;
        assert_eq!((head.status, head.body.as_str()), (200, ""));
    }
    assert_eq!(world.try_login("ann", &ann.password).await.status, 401, "looking has confirmed nothing");
    let done = sends(&world, "/verify-email", &[("token", &token)]).await;
    assert!(done.status == 200 && done.body.contains("is confirmed"), "{done:?}");
    world.login(&ann).await;
    for dead in [
        sends(&world, "/verify-email", &[("token", &token)]).await,
        shows(&world, "/verify-email", &token).await,
        shows(&world, "/verify-email", "").await,
        shows(&world, "/reset-password", "x").await,
    ] {
        assert!(dead.status == 400 && dead.body.contains("does not work any more"), "{dead:?}");
        assert!(dead.body.contains(dead.header("x-request-id")) && !dead.body.contains("<form"), "{dead:?}");
    }
}

async fn reset_link(node: &Node, mailbox: &crate::harness::Mailbox, user: &User) -> String {
    let done = sends(node, "/forgot-password", &[("email", &user.email)]).await;
    assert!(done.status == 200 && done.body.contains("If there is an account"), "{done:?}");
    token_of_letter(mailbox, &user.email, 1).await
}

async fn a_password_is_set_on_a_page(backend: Backend) {
    let (world, mailbox) = with_letters(backend, |_| ()).await;
    let mut ann = world.user("ann").await;
    let session = world.login(&ann).await;
    let token = reset_link(&world, &mailbox, &ann).await;
    let page = shows(&world, "/reset-password", &token).await;
    assert!(page.status == 200 && hidden(&page) == token, "{page:?}");
    assert_eq!(page.body.matches("autocomplete=\"new-password\"").count(), 2);
    for field in ["username", "password", "again"] {
        let label = format!("for=\"{field}\"");
        assert!(page.body.contains(&label) && page.body.contains(&format!("id=\"{field}\"")), "{field}: {page:?}");
    }
    assert!(session.me(&world).await.status == 200);
    ann.password = a_password();
    let form = [("token", token.as_str()), ("username", "ann"), ("password", &ann.password), ("again", &ann.password)];
    let done = sends(&world, "/reset-password", &form).await;
    assert!(done.status == 200 && done.body.contains("Your password is set"), "{done:?}");
    assert!(!session.lives(&world).await);
    world.login(&ann).await;
    assert_eq!(sends(&world, "/reset-password", &form).await.status, 400, "a link works once");
    within(A_WHILE, "a letter tells of it", async || mailbox.letters_to(&ann.email).len() == 2).await;
    // The page to which that letter leads is there.
    assert!(mailbox.letters_to(&ann.email)[1].link().ends_with("/forgot-password"));
}

async fn what_is_wrong_with_a_password_is_said_beside_it(backend: Backend) {
    let (world, mailbox) = with_letters(backend, |_| ()).await;
    let annabel = world.user("annabel").await;
    let token = reset_link(&world, &mailbox, &annabel).await;
    for (password, again, told) in [
        ("a-word", "a-word", "A password has at least 8 bytes."),
        ("password1", "password1", "most common"),
        ("Annabel, again", "Annabel, again", "a name of yours"),
        ("a rather good one", "another good one", "is not the same"),
        ("", "", "This is missing."),
    ] {
        let form = [("token", token.as_str()), ("password", password), ("again", again)];
        let page = sends(&world, "/reset-password", &form).await;
        assert!(page.status == 422 && page.body.contains(told), "{password}: {page:?}");
        assert!(page.body.contains("aria-invalid=\"true\"") && hidden(&page) == token, "{page:?}");
        assert!(password.is_empty() || !page.body.contains(password), "{page:?}");
    }
    let request = world.request(Method::POST, "/reset-password").header(CONTENT_TYPE, "application/json");
    let answer = world.send(request.body("{}")).await;
    is_a_page(&answer);
    assert_eq!(answer.status, 400);
    let good = a_password();
    let form = [("token", token.as_str()), ("password", &good), ("again", &good)];
    assert_eq!(sends(&world, "/reset-password", &form).await.status, 200, "the link stayed good");
}

async fn a_letter_is_asked_for_on_a_page(backend: Backend) {
    let world = backend.world().await;
    let ann = world.user("ann").await;
    let page = world.get("/forgot-password").await;
    is_a_page(&page);
    assert!(page.status == 200 && page.body.contains("<label for=\"email\">"), "{page:?}");
    let known = sends(&world, "/forgot-password", &[("email", &ann.email)]).await;
    let unknown = sends(&world, "/forgot-password", &[("email", "nobody@example.org")]).await;
    assert_eq!((known.status, &known.body), (200, &unknown.body));
    let odd = sends(&world, "/forgot-password", &[("email", "\"><b>x</b>@")]).await;
    assert!(odd.status == 422 && odd.body.contains("This is not an email address."), "{odd:?}");
    assert!(odd.body.contains("&lt;b&gt;") && !odd.body.contains("<b>"), "{odd:?}");
    let empty = sends(&world, "/forgot-password", &[]).await;
    assert!(empty.status == 422 && empty.body.contains("This is missing."), "{empty:?}");
}

async fn a_page_loads_runs_and_tells_nothing(backend: Backend) {
    let world = backend.world_with(|config| config.accounts.registration = false).await;
    for (method, path) in [(Method::PUT, "/verify-email"), (Method::DELETE, "/reset-password")] {
        assert_eq!(world.send(world.request(method, path)).await.status, 405, "{path}");
    }
    let token = "cs_once_nobody-has-ever-made-this-token-for-anybody";
    secrets::note(token);
    let before = crate::harness::logs().len();
    shows(&world, "/verify-email", token).await;
    let page = shows(&world, "/reset-password", token).await;
    page.never_says(&[token]);
    let logs = crate::harness::logs();
    assert!(logs.len() > before && !logs.contains(token), "a token is in no log");
}

async fn below_an_issuer_with_a_path_pages_send_to_where_they_are(backend: Backend) {
    let issuer = "http://localhost:8080/tenant".parse().expect("an issuer");
    let (world, mailbox) = with_letters(backend, |config| config.issuer = issuer).await;
    let ann = world.user("ann").await;
    let path = "/tenant/forgot-password";
    assert_eq!(sends(&world, path, &[("email", &ann.email)]).await.status, 200);
    let token = token_of_letter(&mailbox, &ann.email, 1).await;
    let link = mailbox.letters_to(&ann.email)[0].link();
    assert!(link.starts_with(&format!("{}/reset-password?token=", world.issuer())), "{link}");
    let page = shows(&world, "/tenant/reset-password", &token).await;
    // An address that is relative to the page's own.
    assert!(page.status == 200 && page.body.contains("action=\"reset-password\""), "{page:?}");
}

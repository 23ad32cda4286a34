//! What each page is given: each is tried with it at the start, with and without what may be absent.

use minijinja::{Value, context};

/// A template, and values for it.
pub fn samples() -> Vec<(&'static str, Value)> {
    let wrong = || vec!["A fault.".to_owned()];
    let mut samples = vec![
        ("sign_in.html", sign_in(Some("Shop"), None)),
        ("sign_in.html", sign_in(None, Some("Wrong."))),
        ("register.html", register(Some("Shop"), &[])),
        ("register.html", register(None, &wrong())),
        (
            "registered.html",
            context! {
                client => "Shop", client_logo => logo(Some("Shop")), query => "a=b", may_register => true,
                email => "ann@example.org",
            },
        ),
        ("link_account.html", link_account(Some("Shop"), None)),
        ("link_account.html", link_account(None, Some("Wrong."))),
        ("consent.html", consent(&[])),
        ("consent.html", consent(&wrong())),
        ("form_post.html", form_post()),
        ("sign_out.html", sign_out(Some("Shop"))),
        ("sign_out.html", sign_out(None)),
        ("confirm_email.html", context! { email => "ann@example.org", token => "" }),
        ("forgot_password.html", context! { email => "", email_faults => Vec::<String>::new() }),
        ("forgot_password.html", context! { email => "x", email_faults => wrong() }),
        ("reset_password.html", reset(&[])),
        ("reset_password.html", reset(&wrong())),
        (
            "told.html",
            context! { heading => "Done", about => "It is.", is_dead_link => false, detail => (), request_id => () },
        ),
        (
            "told.html",
            context! { heading => "No", about => "It is not.", is_dead_link => true, detail => "x", request_id => "y" },
        ),
    ];
    for faults in [Vec::new(), wrong()] {
        samples.extend(account(&faults));
    }
    samples
}

/// Not every client has one, and without a client there is none.
fn logo(client: Option<&str>) -> Option<&'static str> {
    client.map(|_| "https://shop.example/logo.png")
}

fn sign_out(client: Option<&str>) -> Value {
    context! { username => "ann", client, client_logo => logo(client), query => "a=b", form => "" }
}

/// The pages of an account, with and without faults and things to list.
fn account(faults: &[String]) -> Vec<(&'static str, Value)> {
    let (done, some) = (faults.first().cloned(), !faults.is_empty());
    let faults = faults.to_vec();
    let page = context! { path => "/account", name => "Profile", here => true };
    let locales = if some { "?ui_locales=de" } else { "" };
    let own = context! { pages => vec![page], username => "ann", form => "", done, locales };
    let session = context! {
        id => "x", here => some, client => some.then_some("Shop"), device => "Chrome on Linux",
        address => some.then_some("192.0.2.7"), since => "today", last_used => "today",
    };
    let scopes = if some { vec!["Sign you in"] } else { Vec::new() };
    let app = context! { client_id => "x", name => "Shop", scopes, since => "today" };
    let (sessions, apps) = if some { (vec![session.clone(), session], vec![app]) } else { (vec![session], Vec::new()) };
    let profile = context! {
        login => "ann", given_name => "", family_name => "", name => "", login_faults => faults.clone(),
        given_name_faults => faults.clone(), family_name_faults => faults.clone(), name_faults => faults.clone(),
    };
    let (email_faults, current_faults, new_faults) = (faults.clone(), faults.clone(), faults);
    let proof = proof(some, &current_faults);
    let email = context! { is_verified => some, new_email => "", email_faults };
    let password = context! {
        email => "ann@example.org", has_password => some, min_length => 8, password_hint => "A hint.",
        current_faults => current_faults.clone(), new_faults,
    };
    let link = context! {
        id => "x", label => "Google", email => "ann@example.org", since => "today",
        last_used => Option::<&str>::None,
    };
    let other = context! { name => "google", label => "Google" };
    let (linked, others) = if some { (vec![link], Vec::new()) } else { (Vec::new(), vec![other]) };
    let linked = context! { linked, others, unlink_faults => current_faults.clone() };
    vec![
        ("account.html", context! { ..own.clone(), ..profile }),
        ("account_email.html", context! { ..own.clone(), ..context! { ..email, ..proof.clone() } }),
        ("account_password.html", context! { ..own.clone(), ..password }),
        ("account_sessions.html", context! { ..own.clone(), ..context! { sessions } }),
        ("account_apps.html", context! { ..own.clone(), ..context! { apps } }),
        ("account_linked.html", context! { ..own.clone(), ..context! { ..linked, ..proof.clone() } }),
        ("account_close.html", context! { ..own.clone(), ..proof.clone() }),
        (
            "account_close.html",
            context! { ..context! { is_proven => true, is_recent => true }, ..context! { ..own, ..proof } },
        ),
    ]
}

/// Of an account with a password, or of one that is signed in to once more.
fn proof(has_password: bool, faults: &[String]) -> Value {
    let faults = faults.to_vec();
    let again = vec![context! { name => "google", label => "Google" }];
    context! {
        email => "ann@example.org", has_password, is_proven => false, is_recent => false, again, here => "/account/close", failed => "No.",
        current_faults => faults, again_faults => vec!["A fault."],
    }
}

fn sign_in(client: Option<&str>, wrong: Option<&str>) -> Value {
    let may_register = wrong.is_none();
    let other = context! { name => "google", label => "Google" };
    let others = if may_register { vec![other] } else { Vec::new() };
    let client_logo = logo(client);
    let page = client.map(|_| "https://shop.example");
    let (policy, terms) = (page, page);
    context! { client, client_logo, policy, terms, may_register, query => "a=b", form => "", username => "ann", wrong, others }
}

fn link_account(client: Option<&str>, wrong: Option<&str>) -> Value {
    let (email, upstream, may_register) = ("ann@example.org", "Google", true);
    let client_logo = logo(client);
    context! { client, client_logo, may_register, query => "a=b", form => "", link => "x", email, upstream, wrong }
}

fn register(client: Option<&str>, faults: &[String]) -> Value {
    let faults = faults.to_vec();
    let page = client.map(|_| "https://shop.example");
    context! {
        client,
        client_logo => logo(client),
        policy => page,
        terms => page,
        may_register => true,
        query => "a=b",
        form => "",
        username => "ann",
        email => "ann@example.org",
        min_length => 8,
        password_hint => "A hint.",
        username_faults => faults.clone(),
        email_faults => faults.clone(),
        password_faults => faults,
    }
}

fn consent(scopes: &[String]) -> Value {
    let (scopes, page) = (scopes.to_vec(), scopes.first().map(|_| "https://shop.example"));
    context! {
        client => "Shop", client_logo => page.and(logo(Some("Shop"))), username => "ann", scopes, place => "shop.example", policy => page, terms => page, query => "",
        form => "", shown => "",
    }
}

fn form_post() -> Value {
    let fields = vec![context! { name => "code", value => "" }];
    context! { to => "https://shop.example", fields, script => "" }
}

fn reset(faults: &[String]) -> Value {
    let faults = faults.to_vec();
    context! { name => "ann", token => "", min_length => 8, password_hint => "", password_faults => faults.clone(), again_faults => faults }
}

//! Accounts are made, shown, changed and removed.

use reqwest::Method;
use reqwest::header::{ETAG, LINK, LOCATION};
use serde_json::{Value, json};

use super::{SHORT, USERS, account, at, exists, faulty};
use crate::api::Governed;
use crate::api::people::with_letters;
use crate::harness::{Backend, stories};
use crate::passwords::RIGHT;

stories![
    an_account_is_made_and_its_user_signs_in,
    an_account_is_described_anew_or_in_part,
    who_gives_another_address_says_whether_it_is_confirmed,
    a_removed_account_comes_back_and_an_erased_one_does_not,
    what_is_wrong_is_said_member_by_member,
    a_name_belongs_to_one,
    what_is_not_there_is_not_found,
];

async fn an_account_is_made_and_its_user_signs_in(backend: Backend) {
    let governed = Governed::start(backend).await;
    let world = &governed.world;
    let (ann, mut body) = account("Ann");
    for (name, value) in [("given_name", json!("Ann")), ("profile", json!({"a": [1]})), ("roles", json!(["admin"]))] {
        body[name] = value;
    }
    let made = governed.post(USERS, &body).await;
    assert_eq!(made.status, 201, "{made:?}");
    made.never_says(&[&ann.password]);
    let document = made.json();
    let now = world.clock.now().seconds();
    let expected = json!({
        "id": document["id"], "username": "Ann", "email": "Ann@example.org", "email_verified": true,
        "given_name": "Ann", "family_name": null, "name": null, "profile": {"a": [1]}, "roles": ["user", "admin"],
        "enabled": true, "created_at": now, "updated_at": now, "last_login_at": null, "locked": false,
        "has_password": true, "must_reset_password": false,
    });
    assert_eq!(document, expected);
    let id = document["id"].as_str().expect("an id");
    assert_eq!(made.header(LOCATION), format!("{}{USERS}/{id}", world.issuer()));
    for path in [format!("{USERS}/{id}"), format!("{SHORT}/{id}")] {
        let found = governed.get(&path).await;
        assert_eq!((found.status, found.json(), found.header(ETAG)), (200, expected.clone(), made.header(ETAG)));
        let held = governed.send(Method::GET, &path, &[("if-none-match", made.header(ETAG))], None).await;
        assert_eq!((held.status, held.body.as_str()), (304, ""));
    }
    assert_eq!(governed.get(&format!("{USERS}?q=ANN")).await.json()["items"], json!([expected]));
    assert_eq!(world.login(&ann).await.me(world).await.json()["id"], id);
    assert_eq!(governed.get(&format!("{USERS}/{id}")).await.json()["last_login_at"], now);
    // Without a password there is an account, and nobody signs in.
    let (bob, mut body) = account("bob");
    body["password"] = Value::Null;
    body["email_verified"] = json!(false);
    let made = governed.post(USERS, &body).await.json();
    assert_eq!((&made["has_password"], &made["email_verified"]), (&json!(false), &json!(false)));
    assert_eq!(world.try_login("bob", &bob.password).await.status, 401);
    // With the hash of another system the old password works.
    let (_, mut body) = account("cem");
    body["password"] = Value::Null;
    body["password_hash"] = json!(crate::passwords::SLOW);
    assert_eq!(governed.post(USERS, &body).await.status, 201);
    assert_eq!(world.try_login("cem", RIGHT).await.status, 200);
}

async fn an_account_is_described_anew_or_in_part(backend: Backend) {
    let governed = Governed::start(backend).await;
    let ann = governed.hires("ann", &["admin"]).await;
    let all = json!({"given_name": "A", "family_name": "B", "name": "A B", "profile": {"x": 1}});
    for path in [at(&ann), format!("{SHORT}/{}", ann.id)] {
        let changed = governed.patch(&path, &all).await;
        assert_eq!(changed.status, 200, "{changed:?}");
        let changed = governed.patch(&path, &json!({"name": null, "email_verified": false})).await.json();
        assert_eq!((&changed["name"], &changed["family_name"]), (&Value::Null, &json!("B")));
        assert_eq!((&changed["email_verified"], &changed["profile"]), (&json!(false), &json!({"x": 1})));
        governed.patch(&path, &json!({"email_verified": true})).await;
    }
    governed.world.advance(5);
    let token = governed.service.token(&governed.world).await.text;
    let governed = governed.by(token).await;
    let whole = json!({"username": "Anna", "email": "anna@example.org", "given_name": "Anna"});
    let changed = governed.put(&at(&ann), &whole).await.json();
    for (name, value) in [
        ("username", json!("Anna")),
        ("email", json!("anna@example.org")),
        ("given_name", json!("Anna")),
        ("family_name", Value::Null),
        ("profile", json!({})),
        ("email_verified", json!(false)),
        ("roles", json!(["user", "admin"])),
        ("updated_at", json!(governed.world.clock.now().seconds())),
    ] {
        assert_eq!(changed[name], value, "{name}: {changed}");
    }
    assert_eq!(governed.world.try_login("ANNA", &ann.password).await.status, 200);
    assert_eq!(governed.world.try_login("ann", &ann.password).await.status, 401);
}

async fn who_gives_another_address_says_whether_it_is_confirmed(backend: Backend) {
    let (world, mailbox) = with_letters(backend, |_| ()).await;
    let governed = Governed::of(world).await;
    let ann = governed.hires("ann", &[]).await;
    let patched = async |body: Value| {
        let answer = governed.patch(&at(&ann), &body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["email_verified"].clone()
    };
    assert_eq!(patched(json!({"name": "Ann"})).await, true);
    assert_eq!(patched(json!({"email": ann.email})).await, true, "it is the same address");
    assert!(mailbox.letters().is_empty());
    assert_eq!(patched(json!({"email": "b@example.org"})).await, false);
    let letter = mailbox.letter_to(&ann.email).await;
    assert!(letter.subject().contains("was changed") && !letter.text.contains("b@example.org"), "{letter:?}");
    assert!(!letter.text.contains("127.0.0.1"), "where administrators sit is not told: {letter:?}");
    assert_eq!(patched(json!({"email": "c@example.org", "email_verified": true})).await, true);
    mailbox.letter_to("b@example.org").await;
    assert_eq!(patched(json!({"email": "c@example.org", "email_verified": false})).await, false);
    assert_eq!(patched(json!({"email_verified": true})).await, true);
    let whole = |email: &str| json!({"username": "ann", "email": email});
    let put = async |email: &str| governed.put(&at(&ann), &whole(email)).await.json()["email_verified"].clone();
    assert_eq!((put("c@example.org").await, put("d@example.org").await), (json!(true), json!(false)));
}

async fn a_removed_account_comes_back_and_an_erased_one_does_not(backend: Backend) {
    let governed = Governed::start(backend).await;
    let world = &governed.world;
    let (ann, bob) = (governed.hires("ann", &[]).await, governed.hires("bob", &[]).await);
    let session = world.login(&ann).await;
    for (user, path) in [(&ann, at(&ann)), (&bob, format!("{SHORT}/{}", bob.id))] {
        let removed = governed.delete(&path).await;
        assert_eq!((removed.status, removed.body.as_str()), (204, ""));
        assert_eq!(governed.get(&path).await.json()["enabled"], false);
        assert_eq!(world.try_login(&user.username, &user.password).await.status, 401);
        assert_eq!(governed.act(&format!("{}/enable", at(user))).await.json()["enabled"], true);
        world.login(user).await;
    }
    assert!(!session.lives(world).await, "what ended stays so");
    for answer in ["maybe", "", "true&erase=true"] {
        governed.delete(&format!("{}?erase={answer}", at(&ann))).await.is_problem(400, "invalid_request");
    }
    for (user, path) in [(&ann, at(&ann)), (&bob, format!("{SHORT}/{}", bob.id))] {
        let session = world.login(user).await;
        assert_eq!(governed.delete(&format!("{path}?erase=true")).await.status, 204);
        assert_eq!(session.me(world).await.status, 401);
        governed.get(&path).await.is_problem(404, "not_found");
        governed.act(&format!("{}/enable", at(user))).await.is_problem(404, "not_found");
        governed.delete(&path).await.is_problem(404, "not_found");
        assert!(!exists(world, &user.username).await);
    }
    governed.hires("ann", &[]).await;
}

async fn what_is_wrong_is_said_member_by_member(backend: Backend) {
    let governed = Governed::start(backend).await;
    let ann = governed.hires("ann", &[]).await;
    let long = "x".repeat(300);
    for (change, fields) in [
        (json!({"username": "a b"}), vec!["username"]),
        (json!({"username": null}), vec!["username"]),
        (json!({"email": "nobody"}), vec!["email"]),
        (json!({"password": "short"}), vec!["password"]),
        (json!({"password": 7}), vec!["password"]),
        (json!({"password_hash": crate::passwords::SLOW}), vec!["password_hash"]),
        (json!({"password": null, "password_hash": "$2b$31$nothing"}), vec!["password_hash"]),
        (json!({"password": null, "password_hash": "plain text"}), vec!["password_hash"]),
        (json!({"roles": ["nobody's"]}), vec!["roles"]),
        (json!({"roles": "admin"}), vec!["roles"]),
        (json!({"name": long}), vec!["name"]),
        (json!({"profile": []}), vec!["profile"]),
        (json!({"email_verified": "yes"}), vec!["email_verified"]),
        (json!({"enabled": false, "id": "1", "epoch": 7}), vec!["enabled", "epoch", "id"]),
    ] {
        let (_, mut body) = account("zoe");
        for (name, value) in change.as_object().expect("members") {
            body[name] = value.clone();
        }
        let answer = governed.post(USERS, &body).await;
        assert_eq!(answer.status, 422, "{change}: {answer:?}");
        answer.is_problem(422, "invalid_fields");
        let mut found = faulty(&answer);
        found.sort_unstable();
        assert_eq!(found, fields, "{change}: {answer:?}");
        answer.never_says(&["nobody's", "plain text", "short"]);
        assert!(!exists(&governed.world, "zoe").await);
    }
    let path = at(&ann);
    for (answer, field) in [
        (governed.patch(&path, &json!({"roles": ["admin"]})).await, "roles"),
        (governed.patch(&path, &json!({"email": "@"})).await, "email"),
        (governed.put(&path, &json!({"username": "ann"})).await, "email"),
        (governed.put(&format!("{path}/roles"), &json!({})).await, "roles"),
        (governed.put(&format!("{path}/roles"), &json!({"roles": ["no"]})).await, "roles"),
        (governed.put(&format!("{path}/password"), &json!({"password": "password1"})).await, "password"),
        (governed.put(&format!("{path}/password"), &json!({})).await, "password"),
    ] {
        answer.is_problem(422, "invalid_fields");
        assert_eq!(faulty(&answer), [field], "{answer:?}");
    }
    governed.world.login(&ann).await;
}

async fn a_name_belongs_to_one(backend: Backend) {
    let governed = Governed::start(backend).await;
    let (ann, bob) = (governed.hires("ann", &[]).await, governed.hires("bob", &[]).await);
    for (username, email) in [("ANN", "new@example.org"), ("new", "ANN@Example.org")] {
        let (_, mut body) = account("new");
        (body["username"], body["email"]) = (json!(username), json!(email));
        governed.post(USERS, &body).await.is_problem(409, "conflict");
        let change = json!({"username": username, "email": email});
        governed.patch(&at(&bob), &change).await.is_problem(409, "conflict");
        governed.put(&at(&bob), &change).await.is_problem(409, "conflict");
    }
    let own = governed.patch(&at(&ann), &json!({"username": "ANN", "email": "Ann@example.org"})).await;
    assert_eq!(own.status, 200, "what is one's own may be written otherwise: {own:?}");
    assert_eq!(governed.get(USERS).await.json()["items"].as_array().map(Vec::len), Some(2));
    assert_eq!(governed.get(USERS).await.header(LINK), "");
}

async fn what_is_not_there_is_not_found(backend: Backend) {
    let governed = Governed::start(backend).await;
    let ann = governed.hires("ann", &[]).await;
    let long = "x".repeat(4000);
    for id in ["nobody", "ann", "%00", "%20", "%C3%A9", "a%2Fb", long.as_str()] {
        for path in [format!("{USERS}/{id}"), format!("{SHORT}/{id}")] {
            governed.get(&path).await.is_problem(404, "not_found");
            governed.delete(&path).await.is_problem(404, "not_found");
            governed.patch(&path, &json!({})).await.is_problem(404, "not_found");
        }
        let path = format!("{USERS}/{id}");
        for act in ["disable", "enable", "lock", "unlock", "force-reset"] {
            governed.act(&format!("{path}/{act}")).await.is_problem(404, "not_found");
        }
        governed.put(&path, &json!({"username": "a", "email": "a@b"})).await.is_problem(404, "not_found");
        governed.put(&format!("{path}/roles"), &json!({"roles": []})).await.is_problem(404, "not_found");
        governed.put(&format!("{path}/password"), &json!({"password": RIGHT})).await.is_problem(404, "not_found");
        governed.get(&format!("{path}/sessions")).await.is_problem(404, "not_found");
        governed.delete(&format!("{path}/sessions")).await.is_problem(404, "not_found");
        governed.delete(&format!("{}/sessions/{id}", at(&ann))).await.is_problem(404, "not_found");
    }
}

//! People and roles by command, at a server that runs meanwhile.

use countersign::secret::random_id;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Home, Server};
use crate::harness::{Answer, Backend, secrets, stories};
use crate::passwords::{RIGHT, WRITTEN_ELSEWHERE};

stories![
    a_user_is_made_and_signs_in,
    what_is_said_of_a_user_is_changed,
    what_is_done_by_command_is_in_force_at_once,
    roles_are_made_given_and_taken,
    accounts_are_listed_page_by_page,
    a_file_is_imported_line_by_line,
    what_cannot_be_done_is_refused_with_what_helps,
    what_operators_do_to_people_is_recorded,
];

const LOGIN: &str = "/api/v1/auth/login";
const ME: &str = "/api/v1/users/me";

fn a_password() -> String {
    let password = format!("By command {}", random_id());
    secrets::note(&password);
    password
}

/// Makes a user with a password.
async fn makes(home: &Home, username: &str, more: &[&str]) -> (Value, String) {
    let (password, email) = (a_password(), format!("{username}@example.org"));
    let create = ["user", "create", "--username", username, "--email", &email, "--password-stdin"];
    let made = home.json_from(&[&create, more].concat(), format!("{password}\n").as_bytes()).await;
    (made, password)
}

async fn login(server: &Server, name: &str, password: &str) -> Answer {
    let request = server.request(Method::POST, LOGIN).json(&json!({"username": name, "password": password}));
    let answer = Answer::read(request.send().await.expect("an answer")).await;
    answer.never_says(&[password]);
    answer
}

/// The access token of somebody who signs in.
async fn signed_in(server: &Server, name: &str, password: &str) -> String {
    let answer = login(server, name, password).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["access_token"].as_str().expect("a token").to_owned()
}

async fn lives(server: &Server, token: &str) -> bool {
    let request = server.request(Method::GET, ME).bearer_auth(token);
    request.send().await.expect("an answer").status() == 200
}

async fn a_user_is_made_and_signs_in(backend: Backend) {
    let home = Home::new(backend).await.with("COUNTERSIGN_LIMITS__ENABLED", "false");
    let server = home.start().await;
    let (made, password) = makes(&home, "Ann", &["--role", "admin", "--unverified"]).await;
    assert_eq!((&made["username"], &made["roles"]), (&json!("Ann"), &json!(["user", "admin"])));
    assert_eq!((&made["email_verified"], &made["has_password"]), (&json!(false), &json!(true)));
    assert!(!made.to_string().contains(&password));
    signed_in(&server, "ann", &password).await;
    for name in ["ANN", "ann@Example.org", made["id"].as_str().expect("an id")] {
        assert_eq!(home.json(&["user", "show", name]).await["id"], made["id"], "{name}");
    }
    let password = a_password();
    let described = json!({
        "username": "bob", "email": "bob@example.org", "password": password, "given_name": "Bob", "family_name": "B",
        "name": "Bob B", "roles": ["admin"],
    });
    let made = home.json_from(&["user", "create", "--from", "-"], described.to_string().as_bytes()).await;
    let text = |name: &str| made[name].as_str().unwrap_or_default().to_owned();
    assert_eq!((text("given_name"), text("family_name"), text("name")), ("Bob".into(), "B".into(), "Bob B".into()));
    assert_eq!((&made["email_verified"], &made["roles"]), (&json!(true), &json!(["user", "admin"])));
    signed_in(&server, "bob@example.org", &password).await;
    // A password may end without the end of a line, and have spaces around it.
    let password = format!(" {} ", a_password());
    home.json_from(&["user", "set-password", "bob", "--password-stdin"], password.as_bytes()).await;
    signed_in(&server, "bob", &password).await;
    // What follows the first line is not part of it.
    let password = a_password();
    let lines = format!("{password}\r\nnot the password\n\n");
    home.json_from(&["user", "set-password", "bob", "--password-stdin"], lines.as_bytes()).await;
    signed_in(&server, "bob", &password).await;
    let made = home.json(&["user", "create", "--username", "cem", "--email", "cem@example.org"]).await;
    assert_eq!(made["has_password"], false);
    let text = home.run(&["user", "create", "--username", "dee", "--email", "dee@example.org"], &[]).await.out;
    assert!(text.contains("username  dee") && text.contains("user set-password"), "{text}");
}

async fn what_is_said_of_a_user_is_changed(backend: Backend) {
    let home = Home::new(backend).await.with("COUNTERSIGN_LIMITS__ENABLED", "false");
    let server = home.start().await;
    let (made, password) = makes(&home, "ann", &[]).await;
    let update = async |more: &[&str], input: &str| {
        home.json_from(&[&["user", "update", "ann"], more].concat(), input.as_bytes()).await
    };
    let named = update(&["--given-name", "Ann", "--family-name", "Lee", "--name", "Ann Lee"], "").await;
    assert_eq!(
        (&named["id"], &named["name"], &named["email_verified"]),
        (&made["id"], &json!("Ann Lee"), &json!(true))
    );
    let cleared = update(&["--family-name", "", "--profile", "-"], r#"{"desk": 7}"#).await;
    assert_eq!((&cleared["given_name"], &cleared["family_name"]), (&json!("Ann"), &json!(null)));
    assert_eq!(cleared["profile"], json!({"desk": 7}));
    let moved = update(&["--email", "lee@example.org"], "").await;
    assert_eq!((&moved["email"], &moved["email_verified"]), (&json!("lee@example.org"), &json!(false)));
    assert_eq!(update(&["--verified"], "").await["email_verified"], true);
    assert_eq!(update(&["--unverified"], "").await["email_verified"], false);
    assert_eq!(update(&["--username", "lee"], "").await["username"], "lee");
    signed_in(&server, "lee", &password).await;
    let text = home.run(&["user", "update", "lee", "--name", "Lee"], &[]).await.out;
    assert_eq!(text, "lee updated\n");
    let acts = home.json(&["audit", "list", "--act", "user_updated"]).await;
    assert_eq!(acts["acts"].as_array().map(Vec::len), Some(7));
    makes(&home, "bob", &[]).await;
    for (change, said) in [
        (["--username", "BOB"], "username is taken"),
        (["--email", "nowhere"], "email: "),
        (["--profile", "nowhere.json"], "cannot be read"),
    ] {
        let refused = home.refused(&[&["user", "update", "lee"][..], &change].concat()).await;
        assert!(refused.contains(said), "{change:?}: {refused}");
    }
    assert!(home.refused(&["user", "update", "nobody", "--verified"]).await.contains("there is no user nobody"));
    for usage in [&["lee"][..], &["lee", "--verified", "--unverified"], &["--verified"]] {
        assert_eq!(home.run(&[&["user", "update"], usage].concat(), &[]).await.code, Some(2), "{usage:?}");
    }
    let profile = ["user", "update", "lee", "--profile", "-"];
    for input in ["", "{", "7", r#"{"a": 1, "a": 2}"#] {
        assert!(home.refused_from(&profile, input.as_bytes()).await.contains("the profile is not a JSON object"));
    }
}

async fn what_is_done_by_command_is_in_force_at_once(backend: Backend) {
    let home = Home::new(backend).await.with("COUNTERSIGN_LIMITS__ENABLED", "false");
    let server = home.start().await;
    let (_, password) = makes(&home, "ann", &[]).await;
    for (shut, open) in [("lock", "unlock"), ("disable", "enable"), ("delete", "enable")] {
        let token = signed_in(&server, "ann", &password).await;
        let done = home.json(&["user", shut, "ann"]).await;
        assert!(done["username"] == "ann" && done["done"].is_string() && done["id"].is_string(), "{done}");
        assert!(!lives(&server, &token).await, "{shut}");
        assert_eq!(login(&server, "ann", &password).await.status, 401, "{shut}");
        home.json(&["user", open, "ann@example.org"]).await;
        signed_in(&server, "ann", &password).await;
    }
    home.json(&["user", "sign-out", "ann"]).await;
    let (one, other) = (signed_in(&server, "ann", &password).await, signed_in(&server, "ann", &password).await);
    let sessions = home.json(&["user", "sessions", "ann"]).await;
    assert_eq!((sessions["sessions"].as_array().map(Vec::len), &sessions["next"]), (Some(2), &json!(null)));
    let page = home.json(&["user", "sessions", "ann", "--limit", "1"]).await;
    let id = page["next"].as_str().expect("a cursor");
    assert_eq!((page["sessions"].as_array().map(Vec::len), &page["sessions"][0]["id"]), (Some(1), &json!(id)));
    let behind = home.json(&["user", "sessions", "ann", "--limit", "1", "--after", id]).await;
    assert_eq!(behind["sessions"][0], sessions["sessions"][1]);
    home.json(&["user", "sign-out", "ann", "--session", id]).await;
    assert!(lives(&server, &one).await != lives(&server, &other).await, "one of the two has ended");
    assert!(home.refused(&["user", "sign-out", "ann", "--session", id]).await.contains("no such session"));
    home.json(&["user", "sign-out", "ann"]).await;
    assert!(!lives(&server, &one).await && !lives(&server, &other).await);
    let token = signed_in(&server, "ann", &password).await;
    home.json(&["user", "force-reset", "ann"]).await;
    assert!(!lives(&server, &token).await && login(&server, "ann", &password).await.status != 200);
    let password = a_password();
    home.json_from(&["user", "set-password", "ann", "--password-stdin"], password.as_bytes()).await;
    let token = signed_in(&server, "ann", &password).await;
    home.json(&["user", "erase", "ann"]).await;
    assert!(!lives(&server, &token).await);
    assert!(home.refused(&["user", "show", "ann"]).await.contains("there is no user ann"));
    assert_eq!(home.run(&["audit", "verify"], &[]).await.code, Some(0));
}

async fn roles_are_made_given_and_taken(backend: Backend) {
    let home = Home::new(backend).await.with("COUNTERSIGN_LIMITS__ENABLED", "false");
    let server = home.start().await;
    home.json(&["scope", "create", "desk:read"]).await;
    let set = ["role", "set", "clerk", "--scope", "desk:read", "--description", "At the desk"];
    let expected = json!({"name": "clerk", "description": "At the desk", "built_in": false, "scopes": ["desk:read"]});
    assert_eq!(home.json(&set).await, expected);
    assert_eq!(home.json(&["role", "show", "clerk"]).await, expected);
    let replaced = home.json(&["role", "set", "clerk", "--scope", "openid"]).await;
    assert_eq!((&replaced["scopes"], &replaced["description"]), (&json!(["openid"]), &json!("At the desk")));
    let names = home.json(&["role", "list"]).await;
    let names: Vec<&str> =
        names.as_array().expect("a list").iter().map(|r| r["name"].as_str().expect("a name")).collect();
    assert_eq!(names, ["admin", "clerk", "user"]);
    let (_, password) = makes(&home, "ann", &[]).await;
    let given = home.json(&["user", "roles", "ann", "--role", "clerk", "--role", "admin"]).await;
    assert_eq!(given["roles"], json!(["user", "admin", "clerk"]));
    let token = signed_in(&server, "ann", &password).await;
    let lists = async || {
        let request = server.request(Method::GET, "/api/v1/admin/users").bearer_auth(&token);
        request.send().await.expect("an answer").status().as_u16()
    };
    assert_eq!(lists().await, 200);
    home.json(&["user", "roles", "ann", "--role", "clerk"]).await;
    assert_eq!(lists().await, 403, "a role that was taken is gone at once");
    home.json(&["role", "delete", "clerk"]).await;
    assert_eq!(home.json(&["user", "roles", "ann"]).await["roles"], json!(["user"]));
    home.json(&["user", "roles", "ann", "--role", "admin"]).await;
    assert_eq!(home.json(&["user", "roles", "ann", "--none"]).await["roles"], json!(["user"]));
}

async fn accounts_are_listed_page_by_page(backend: Backend) {
    let home = Home::new(backend).await;
    for name in ["ann", "bob", "cem"] {
        home.json(&["user", "create", "--username", name, "--email", &format!("{name}@example.org")]).await;
    }
    home.json(&["user", "lock", "bob"]).await;
    home.json(&["user", "roles", "cem", "--role", "admin"]).await;
    let names = |page: &Value| -> Vec<String> {
        let users = page["users"].as_array().unwrap_or_else(|| panic!("a page: {page}"));
        users.iter().map(|user| user["username"].as_str().expect("a name").to_owned()).collect()
    };
    let first = home.json(&["user", "list", "--limit", "2"]).await;
    let next = first["next"].as_str().expect("there is more");
    let second = home.json(&["user", "list", "--limit", "2", "--after", next]).await;
    assert_eq!(second["next"], Value::Null);
    let mut all = [names(&first), names(&second)].concat();
    all.sort_unstable();
    assert_eq!(all, ["ann", "bob", "cem"]);
    for (filter, expected) in [
        (&["BOB"][..], "bob"),
        (&["--locked", "true"], "bob"),
        (&["--role", "admin"], "cem"),
        (&["ann", "--enabled", "true", "--verified", "true"], "ann"),
    ] {
        assert_eq!(names(&home.json(&[&["user", "list"], filter].concat()).await), [expected], "{filter:?}");
    }
    let table = home.run(&["user", "list"], &[]).await.out;
    assert!(table.contains("bob@example.org") && table.contains("locked") && table.contains("user admin"), "{table}");
}

async fn a_file_is_imported_line_by_line(backend: Backend) {
    let home = Home::new(backend).await.with("COUNTERSIGN_LIMITS__ENABLED", "false");
    let server = home.start().await;
    let mut file = String::new();
    for (number, (_, hash)) in WRITTEN_ELSEWHERE.iter().enumerate() {
        let line =
            json!({"username": format!("u{number}"), "email": format!("u{number}@example.org"), "password_hash": hash});
        file += &format!("{line}\n");
    }
    file += "no account\n";
    let path = home.write("users.ndjson", &file);
    let path = path.to_str().expect("a path");
    let ran = home.run(&["user", "import", path, "--json"], &[]).await;
    assert_eq!(ran.code, Some(1), "a line was refused: {ran:?}");
    let report: Value = serde_json::from_str(&ran.out).expect("one JSON value");
    let lines = WRITTEN_ELSEWHERE.len();
    assert_eq!((&report["imported"], &report["refused_lines"]), (&json!(lines), &json!(1)), "{report}");
    assert_eq!(report["refused"][0]["line"], lines + 1);
    for number in [0, lines - 1] {
        signed_in(&server, &format!("u{number}"), RIGHT).await;
    }
    // Again, this time from standard input: what was done is not done twice.
    let ran = home.run(&["user", "import", "-"], file.as_bytes()).await;
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.out.contains(&format!("0 imported, {} refused", lines + 1)), "{ran:?}");
    assert!(ran.out.contains("line 1: ") && ran.out.contains("is taken"), "{ran:?}");
    let more = b"{\"username\":\"new\",\"email\":\"new@example.org\"}";
    let report = home.json_from(&["user", "import", "-"], more).await;
    assert_eq!(report, json!({"imported": 1, "refused": [], "refused_lines": 0}));
    assert!(home.refused(&["user", "import", "nowhere.ndjson"]).await.contains("nowhere.ndjson cannot be read"));
}

async fn what_cannot_be_done_is_refused_with_what_helps(backend: Backend) {
    let home = Home::new(backend).await;
    makes(&home, "ann", &[]).await;
    for command in ["show", "lock", "unlock", "enable", "disable", "delete", "erase", "sessions", "sign-out", "roles"] {
        let said = home.refused(&["user", command, "nobody"]).await;
        assert!(said.contains("there is no user nobody") && said.contains("user list"), "{command}: {said}");
    }
    let create =
        |username: &'static str, email: &'static str| ["user", "create", "--username", username, "--email", email];
    for (command, said) in [
        (create("ANN", "new@example.org").to_vec(), "username is taken"),
        (create("new", "ANN@example.org").to_vec(), "address already"),
        (create("a b", "new@example.org").to_vec(), "username: may have letters"),
        ([&create("new", "new@example.org")[..], &["--role", "none"]].concat(), "countersign role list"),
        (vec!["user", "roles", "ann", "--role", "none"], "countersign role list"),
        (vec!["role", "set", "clerk", "--scope", "nobody:knows"], "countersign scope create"),
        (vec!["role", "set", "two words"], "name: must have"),
        (vec!["role", "delete", "admin"], "built in"),
        (vec!["role", "show", "none"], "countersign role list"),
        (vec!["role", "delete", "none"], "countersign role list"),
        (vec!["user", "create", "--from", "nowhere.json"], "cannot be read"),
    ] {
        let refused = home.refused(&command).await;
        assert!(refused.contains(said), "{command:?}: {refused}");
    }
    let with_password = [&create("new", "new@example.org")[..], &["--password-stdin"]].concat();
    for (password, said) in [
        ("", "no password"),
        ("\n", "no password"),
        ("\nthe second line of it\n", "no password"),
        ("short\n", "password: A password has at least"),
        ("\u{fffd}\n", "at least"),
    ] {
        let refused = home.refused_from(&with_password, password.as_bytes()).await;
        assert!(refused.contains(said), "{password:?}: {refused}");
    }
    assert!(home.refused_from(&with_password, &[0xff, b'\n']).await.contains("not UTF-8"));
    let strange = br#"{"username": "new", "email": "new@example.org", "enabled": false}"#;
    assert!(home.refused_from(&["user", "create", "--from", "-"], strange).await.contains("not an account in JSON"));
    let deep = format!(
        r#"{{"username": "new", "email": "new@example.org", "profile": {}0{}}}"#,
        r#"{"x":"#.repeat(8),
        "}".repeat(8)
    );
    assert!(home.refused_from(&["user", "create", "--from", "-"], deep.as_bytes()).await.contains("nested too deeply"));
    for usage in [
        &["user", "create", "--username", "new"][..],
        &["user", "set-password", "ann"],
        &["user", "set-password", "ann", "--password", "x"],
        &["user", "roles", "ann", "--role", "admin", "--none"],
        &["user", "list", "--enabled", "perhaps"],
        &["user", "list", "--limit", "0"],
        &["user", "create", "--from", "-", "--username", "new"],
        &["user", "nothing"],
        &["role", "set"],
    ] {
        assert_eq!(home.run(usage, &[]).await.code, Some(2), "{usage:?}");
    }
    assert_eq!(home.json(&["user", "list"]).await["users"].as_array().map(Vec::len), Some(1));
}

async fn what_operators_do_to_people_is_recorded(backend: Backend) {
    let home = Home::new(backend).await;
    let (made, _) = makes(&home, "ann-by-command", &[]).await;
    let id = made["id"].as_str().expect("an id");
    for command in ["lock", "unlock", "disable", "enable", "force-reset", "sign-out"] {
        home.json(&["user", command, id]).await;
    }
    home.json(&["user", "roles", id, "--role", "admin"]).await;
    home.json_from(&["user", "set-password", id, "--password-stdin"], a_password().as_bytes()).await;
    home.json(&["user", "erase", id]).await;
    let acts = home.json(&["audit", "list", "--target", id]).await;
    let mut acts: Vec<String> = acts["acts"]
        .as_array()
        .expect("acts")
        .iter()
        .map(|act| {
            assert_eq!((&act["actor_kind"], &act["target_kind"]), (&json!("operator"), &json!("user")), "{act}");
            assert_eq!(act["personal"], Value::Null, "{act}");
            act["act"].as_str().expect("an act").to_owned()
        })
        .collect();
    acts.sort_unstable();
    let expected = [
        "account_erased",
        "password_changed",
        "signed_out_everywhere",
        "user_created",
        "user_disabled",
        "user_enabled",
        "user_locked",
        "user_reset_forced",
        "user_roles_changed",
        "user_unlocked",
    ];
    assert_eq!(acts, expected);
    home.json(&["role", "set", "clerk"]).await;
    home.json(&["role", "delete", "clerk"]).await;
    home.run(&["user", "import", "-"], &[]).await;
    for act in ["role_set", "role_deleted", "users_imported"] {
        assert_eq!(
            home.json(&["audit", "list", "--act", act]).await["acts"].as_array().map(Vec::len),
            Some(1),
            "{act}"
        );
    }
    assert!(!home.json(&["audit", "list"]).await.to_string().contains("ann-by-command"));
}

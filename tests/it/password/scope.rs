//! Which scopes a user's token has: what was asked for, out of what the user's roles give and who the user is, out of what
//! the client may have.

use crate::harness::{A_SECOND, Backend, Node, Persona, User, World, audited, scopes, sorted, stories, within};

stories![
    what_was_asked_is_cut_to_what_roles_give_and_the_client_may_have,
    a_right_password_that_gets_nothing_leaves_a_trace,
    roles_add_up_and_everybody_has_one,
    a_client_without_scopes_gets_a_token_without_scope,
    this_servers_own_client_may_have_all_that_its_user_has,
    what_a_role_gives_is_in_force_for_older_tokens_within_a_second,
    which_roles_a_user_has_is_in_force_for_older_tokens_at_once,
    a_scope_that_is_gone_is_gone_from_older_tokens_within_a_second,
];

/// A world in which readers may read and writers may write, an app for both, and a reader.
async fn readers_and_writers(backend: Backend) -> (World, Persona, User) {
    let world = backend.world().await;
    world.scopes(["read", "write", "delete"]).await;
    world.role("reader", &["read"]).await;
    world.role("writer", &["write", "delete"]).await;
    let app = world.app(|m| m.scope = scopes("openid profile read write")).await;
    let user = world.user_with("ann", |new| new.roles = vec!["reader".to_owned()]).await;
    (world, app, user)
}

/// What a token is still good for.
async fn seen(app: &Persona, node: &Node, token: &str) -> Vec<String> {
    let seen = app.introspect(node, token).await;
    assert_eq!(seen["active"], true, "{seen}");
    sorted(seen["scope"].as_str().unwrap_or("")).into_iter().map(str::to_owned).collect()
}

async fn what_was_asked_is_cut_to_what_roles_give_and_the_client_may_have(backend: Backend) {
    let (world, app, user) = readers_and_writers(backend).await;
    for (form, granted) in [
        (&[][..], vec!["openid", "profile", "read"]),
        (&[("scope", "")], vec!["openid", "profile", "read"]),
        (&[("scope", "read")], vec!["read"]),
        (&[("scope", "write read")], vec!["read"]),
        (&[("scope", "openid write")], vec!["openid"]),
        (&[("scope", "profile read write delete")], vec!["profile", "read"]),
        (&[("scope", "email read")], vec!["read"]),
    ] {
        let token = app.signed_in(&world, &user, form).await;
        assert_eq!(sorted(token.scope()), granted, "{form:?}");
        assert_eq!(token.answer["scope"], token.claims["scope"], "the answer says what was granted");
        assert_eq!(seen(&app, &world, &token.text).await, granted);
    }
    for (what, asked) in [
        ("not the user's", "write"),
        ("not the client's", "email"),
        ("nobody's", "delete"),
        ("not the user's, nor the client's", "write email"),
        ("unknown", "nothing"),
        ("one of them unknown", "read nothing"),
        ("malformed", "read  write"),
        ("another case", "READ"),
    ] {
        let answer = app.sign_in(&world, &user, &[("scope", asked)]).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, "invalid_scope"), "{what}");
        answer.is_refused(400, "invalid_scope");
    }
}

/// Or somebody could try passwords, and nobody would ever read which one was right.
async fn a_right_password_that_gets_nothing_leaves_a_trace(backend: Backend) {
    let (world, app, user) = readers_and_writers(backend).await;
    for (form, code) in [
        (("scope", "nothing"), "invalid_scope"),
        (("scope", "write"), "invalid_scope"),
        (("resource", "https://else.example"), "invalid_target"),
    ] {
        app.sign_in(&world, &user, &[form]).await.is_refused(400, code);
    }
    let rows = "SELECT reason || ' ' || actor_id || ' ' || target_id || ' ' || client_id FROM audit_log \
                WHERE act = 'sign_in_refused' ORDER BY reason";
    let (id, app) = (&user.id, &app.id);
    let expected =
        ["no_scope_left", "target_not_allowed", "unknown_scope"].map(|reason| format!("{reason} {id} {id} {app}"));
    assert_eq!(world.texts(rows).await, expected);
    let whose = format!("SELECT digest FROM audit_persons WHERE user_id = '{id}'");
    assert_eq!(world.texts(&whose).await.len(), 3, "what is personal goes when the user is erased");
}

async fn roles_add_up_and_everybody_has_one(backend: Backend) {
    let (world, app, user) = readers_and_writers(backend).await;
    let another = world.user("bob").await;
    world.give_roles(&user, &["writer", "user", "reader"]).await;
    let token = app.signed_in(&world, &user, &[("scope", "read write")]).await;
    assert_eq!(sorted(token.scope()), ["read", "write"]);
    let mut roles: Vec<_> =
        token.claims["roles"].as_array().expect("a list").iter().filter_map(|r| r.as_str()).collect();
    roles.sort_unstable();
    assert_eq!(roles, ["reader", "user", "writer"]);
    app.sign_in(&world, &another, &[("scope", "read write")]).await.is_refused(400, "invalid_scope");
    world.role("user", &["read"]).await;
    assert_eq!(app.signed_in(&world, &another, &[("scope", "read write")]).await.scope(), "read");
}

async fn a_client_without_scopes_gets_a_token_without_scope(backend: Backend) {
    let (world, _, user) = readers_and_writers(backend).await;
    let app = world.app(|_| ()).await;
    let token = app.signed_in(&world, &user, &[]).await;
    assert!(token.answer.get("scope").is_none() && token.claims.get("scope").is_none(), "{}", token.claims);
    app.sign_in(&world, &user, &[("scope", "openid")]).await.is_refused(400, "invalid_scope");
    app.refreshed(&world, token.next(), &[]).await;
}

async fn this_servers_own_client_may_have_all_that_its_user_has(backend: Backend) {
    let (world, _, user) = readers_and_writers(backend).await;
    let first_party = world.first_party();
    let token = first_party.signed_in(&world, &user, &[("scope", "account read write admin:users")]).await;
    assert_eq!(sorted(token.scope()), ["account", "read"]);
    assert_eq!(token.claims["aud"], world.issuer());
    first_party.sign_in(&world, &user, &[("scope", "admin:users")]).await.is_refused(400, "invalid_scope");
    world.give_roles(&user, &["admin"]).await;
    let token = first_party.signed_in(&world, &user, &[("scope", "account read admin:users admin:keys")]).await;
    assert_eq!(sorted(token.scope()), ["account", "admin:keys", "admin:users"]);
}

async fn what_a_role_gives_is_in_force_for_older_tokens_within_a_second(backend: Backend) {
    let (world, app, user) = readers_and_writers(backend).await;
    let other = world.another_node().await;
    world.role("reader", &["read", "write"]).await;
    other.look().await;
    let token = app.signed_in(&other, &user, &[("scope", "openid read write")]).await;
    assert_eq!(seen(&app, &other, &token.text).await, ["openid", "read", "write"]);
    for (gives, left) in [
        (&["read"][..], vec!["openid", "read"]),
        (&[], vec!["openid"]),
        (&["read", "write", "delete"], vec!["openid", "read", "write"]),
    ] {
        world.role("reader", gives).await;
        assert_eq!(seen(&app, &world, &token.text).await, left, "{gives:?}");
        within(A_SECOND, "also on the other node", async || seen(&app, &other, &token.text).await == left).await;
    }
    assert!(world.app.store.delete_role("reader".to_owned(), None, audited()).await.expect("the store answers"));
    within(A_SECOND, "nor without the role", async || seen(&app, &other, &token.text).await == ["openid"]).await;
}

async fn which_roles_a_user_has_is_in_force_for_older_tokens_at_once(backend: Backend) {
    let (world, app, user) = readers_and_writers(backend).await;
    let other = world.another_node().await;
    world.give_roles(&user, &["reader", "writer"]).await;
    let token = app.signed_in(&world, &user, &[("scope", "read write")]).await;
    for (roles, left) in
        [(&["writer"][..], vec!["write"]), (&[], vec![]), (&["reader", "writer"], vec!["read", "write"])]
    {
        world.give_roles(&user, roles).await;
        for node in [&*world, &other] {
            assert_eq!(seen(&app, node, &token.text).await, left, "{roles:?}");
        }
        let told = app.introspect(&other, &token.text).await["roles"].as_array().expect("a list").len();
        assert_eq!(told, 1 + roles.len(), "the roles themselves, too");
    }
}

async fn a_scope_that_is_gone_is_gone_from_older_tokens_within_a_second(backend: Backend) {
    let (world, app, user) = readers_and_writers(backend).await;
    let other = world.another_node().await;
    let token = app.signed_in(&world, &user, &[("scope", "openid read")]).await;
    assert_eq!(seen(&app, &other, &token.text).await, ["openid", "read"]);
    assert!(world.app.store.delete_scope("read".to_owned(), audited()).await.expect("the store answers"));
    for node in [&*world, &other] {
        within(A_SECOND, "nobody sees it", async || seen(&app, node, &token.text).await == ["openid"]).await;
    }
    let next = app.refreshed(&other, token.next(), &[]).await;
    assert_eq!(next.scope(), "openid");
}

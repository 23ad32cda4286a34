//! Which scopes a token has: what was asked for, out of what the client may have.

use crate::harness::{Backend, scopes, sorted, stories};

stories![
    without_a_word_a_client_gets_all_that_it_may_have,
    a_client_may_ask_for_less_and_gets_no_more_than_its_own,
    scopes_that_cannot_be_had_are_refused,
    scopes_about_a_user_mean_nothing_without_one,
    a_client_without_scopes_gets_a_token_without_scope,
];

async fn without_a_word_a_client_gets_all_that_it_may_have(backend: Backend) {
    let world = backend.world().await;
    world.scopes(["read", "write", "admin"]).await;
    let client = world.service_client(|m| m.scope = scopes("read write")).await;
    for form in [&[][..], &[("scope", "")]] {
        let token = client.token_for(&world, form).await;
        assert_eq!(sorted(token.scope()), ["read", "write"]);
        assert_eq!(token.answer["scope"], token.claims["scope"]);
    }
}

async fn a_client_may_ask_for_less_and_gets_no_more_than_its_own(backend: Backend) {
    let world = backend.world().await;
    world.scopes(["read", "write", "admin"]).await;
    let client = world.service_client(|m| m.scope = scopes("read write")).await;
    for (asked, granted) in [
        ("read", vec!["read"]),
        ("write read", vec!["read", "write"]),
        ("read read", vec!["read"]),
        ("read admin", vec!["read"]),
    ] {
        let token = client.token_for(&world, &[("scope", asked)]).await;
        assert_eq!(sorted(token.scope()), granted, "{asked}");
        assert_eq!(token.answer["scope"], token.claims["scope"], "the answer says what was granted");
    }
}

async fn scopes_that_cannot_be_had_are_refused(backend: Backend) {
    let world = backend.world().await;
    world.scopes(["read", "admin"]).await;
    let client = world.service_client(|m| m.scope = scopes("read")).await;
    let too_long = "a".repeat(129);
    for (what, asked) in [
        ("does not exist", "nothing"),
        ("one of them does not exist", "read nothing"),
        ("another's", "admin"),
        ("two spaces", "read  read"),
        ("a space before", " read"),
        ("a space after", "read "),
        ("a tab", "read\tread"),
        ("a quotation mark", "\"read\""),
        ("a backslash", "re\\ad"),
        ("not ASCII", "l\u{e4}sen"),
        ("another case", "READ"),
        ("too long", &too_long),
    ] {
        let answer = client.ask(&world, &[("scope", asked)]).await;
        assert_eq!(answer.status, 400, "{what}: {answer:?}");
        answer.is_refused(400, "invalid_scope");
        answer.never_says(&["nothing", "l\u{e4}sen", &too_long]);
    }
}

async fn scopes_about_a_user_mean_nothing_without_one(backend: Backend) {
    let world = backend.world().await;
    world.scopes(["read"]).await;
    let client = world.service_client(|m| m.scope = scopes("openid profile read")).await;
    assert_eq!(client.token(&world).await.scope(), "read");
    assert_eq!(client.token_for(&world, &[("scope", "openid read")]).await.scope(), "read");
    client.ask(&world, &[("scope", "openid")]).await.is_refused(400, "invalid_scope");
}

async fn a_client_without_scopes_gets_a_token_without_scope(backend: Backend) {
    let world = backend.world().await;
    world.scopes(["read"]).await;
    let client = world.service_client(|_| ()).await;
    let token = client.token(&world).await;
    assert!(token.answer.get("scope").is_none() && token.claims.get("scope").is_none(), "{}", token.claims);
    client.ask(&world, &[("scope", "read")]).await.is_refused(400, "invalid_scope");
}

//! Who may ask: the holder of a live access token with `openid`, in the header or in a form (RFC 6750 §2).

use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};

use super::{USERINFO, ask, told};
use crate::harness::forge::Parts;
use crate::harness::{Answer, Backend, scopes, stories};

stories![
    a_token_may_be_in_the_header_or_in_a_form,
    a_token_that_has_ended_is_refused_at_once,
    only_openid_opens_it,
    what_is_no_token_of_this_server_is_refused,
];

/// RFC 6750 §3: the challenge says what was wrong, if anything was brought along.
fn is_challenged(answer: &Answer, status: u16, code: &str, challenge: &str) {
    assert_eq!((answer.status, answer.code().as_str()), (status, code), "{answer:?}");
    assert_eq!(answer.header("www-authenticate"), format!("Bearer realm=\"countersign\"{challenge}"));
}

fn is_invalid(answer: &Answer) {
    is_challenged(answer, 401, "invalid_token", ", error=\"invalid_token\"");
}

async fn a_token_may_be_in_the_header_or_in_a_form(backend: Backend) {
    let world = backend.world().await;
    let ann = world.user("ann").await;
    let app = world.app(|m| m.scope = scopes("openid")).await;
    let token = app.signed_in(&world, &ann, &[]).await.text;
    let expected = told(&world, &token).await;
    let header = format!("Bearer {token}");
    let post = || world.request(Method::POST, USERINFO);
    for request in [
        post().form(&[("access_token", token.as_str())]),
        post().form(&[("access_token", token.as_str()), ("anything", "else")]),
        post().header(AUTHORIZATION, &header),
        post().header(AUTHORIZATION, &header).form(&[("anything", "else")]),
        post().header(AUTHORIZATION, &header).header(CONTENT_TYPE, "application/json").body("{}"),
    ] {
        let answer = world.send(request).await;
        assert_eq!((answer.status, answer.json()), (200, expected.clone()), "{answer:?}");
    }
    let both = world.send(post().header(AUTHORIZATION, &header).form(&[("access_token", token.as_str())])).await;
    both.is_refused(400, "invalid_request");
    let twice = world.send(post().form(&[("access_token", token.as_str()), ("access_token", token.as_str())])).await;
    twice.is_refused(400, "invalid_request");
    // In a URL it would be in everybody's logs.
    let in_query = world.get(&format!("{USERINFO}?access_token={token}")).await;
    is_challenged(&in_query, 401, "invalid_token", "");
    for request in [post(), post().form(&[("anything", "else")]), world.request(Method::GET, USERINFO)] {
        is_challenged(&world.send(request).await, 401, "invalid_token", "");
    }
    let long = world.send(post().form(&[("access_token", "x".repeat(70_000))])).await;
    long.is_refused(413, "invalid_request");
}

async fn a_token_that_has_ended_is_refused_at_once(backend: Backend) {
    let world = backend.world().await;
    let another = world.another_node().await;
    let ann = world.user("ann").await;
    let app = world.app(|m| m.scope = scopes("openid")).await;
    let token = app.signed_in(&world, &ann, &[]).await;
    told(&another, &token.text).await;
    app.revoke_well(&world, &token.text).await;
    is_invalid(&ask(&another, &token.text).await);

    let token = app.signed_in(&world, &ann, &[]).await;
    told(&another, &token.text).await;
    app.revoke_well(&world, token.next()).await;
    is_invalid(&ask(&another, &token.text).await);

    let token = app.signed_in(&world, &ann, &[]).await;
    world.lock(&ann, Some(world.clock.now())).await;
    is_invalid(&ask(&another, &token.text).await);
    world.lock(&ann, None).await;
    told(&another, &token.text).await;
    world.disable_user(&ann, Some(world.clock.now())).await;
    is_invalid(&ask(&another, &token.text).await);
    world.disable_user(&ann, None).await;
    world.disable(&app.id, Some(world.clock.now())).await;
    is_invalid(&ask(&another, &token.text).await);
    world.disable(&app.id, None).await;
    told(&another, &token.text).await;
    world.advance(900);
    is_invalid(&ask(&another, &token.text).await);
}

async fn only_openid_opens_it(backend: Backend) {
    let world = backend.world().await;
    let ann = world.user("ann").await;
    let app = world.app(|m| m.scope = scopes("openid email")).await;
    let without = app.signed_in(&world, &ann, &[("scope", "email")]).await;
    let challenge = ", error=\"insufficient_scope\", scope=\"openid\"";
    is_challenged(&ask(&world, &without.text).await, 403, "insufficient_scope", challenge);
    let service = world.service_client(|m| m.scope = scopes("openid email")).await;
    let own = service.token(&world).await;
    is_challenged(&ask(&world, &own.text).await, 403, "insufficient_scope", challenge);
}

async fn what_is_no_token_of_this_server_is_refused(backend: Backend) {
    let world = backend.world().await;
    let ann = world.user("ann").await;
    let app = world.app(|m| m.scope = scopes("openid")).await;
    let token = app.signed_in(&world, &ann, &[]).await;
    let parts = Parts::of(&token.text);
    for text in ["nonsense", token.id_token().expect("one"), token.next(), &parts.signed_by_a_stranger(), "a b"] {
        is_invalid(&ask(&world, text).await);
    }
    let basic = world.get_with(USERINFO, &[("authorization", "Basic YTpi")]).await;
    is_invalid(&basic);
    told(&world, &parts.signed()).await;
}

//! Clients hear that a session is over (OpenID Connect Back-Channel Logout 1.0).

use std::time::{Duration, Instant};

use countersign::protocol::client_metadata::SubjectType;
use countersign::store::outbox::{Delivery, LIFETIME_SECONDS};
use countersign::store::users::Spared;
use serde_json::{Value, json};

use super::{leave, shop, signed_in};
use crate::harness::forge::Parts;
use crate::harness::{
    A_WHILE, Backend, Browser, Node, Outside, Persona, Receiver, World, audited, logs, secrets, stories, within,
};

stories![
    clients_of_a_session_hear_of_its_end_once,
    a_pairwise_client_hears_its_own_name,
    whatever_ends_all_sessions_is_told,
    where_one_session_is_all_there_may_be_the_end_of_the_other_is_told,
    who_does_not_take_it_is_told_again_and_given_up_after_a_day,
    a_silent_client_slows_nobody,
    a_slow_client_rests_like_a_silent_one,
    nobody_is_called_in_a_private_network_unless_a_setting_says_so,
];

/// A client that hears of logouts at this path.
async fn listening(world: &World, url: &str) -> Persona {
    world.web_app(|m| m.backchannel_logout_uri = Some(url.to_owned())).await
}

async fn logs_out(browser: &mut Browser, node: &Node, id_token: &str) {
    let done = browser.opens(node, &leave(&[("id_token_hint", id_token)])).await;
    assert!(super::is_done(&done), "{done:?}");
}

/// Waits until this many calls came to a path, and gives their tokens.
async fn told(receiver: &Receiver, path: &str, times: usize) -> Vec<String> {
    within(A_WHILE, &format!("{times} calls to {path}"), async || receiver.calls_to(path).len() >= times).await;
    let calls = receiver.calls_to(path);
    assert_eq!(calls.len(), times, "{calls:?}");
    let tokens = calls.iter().map(|call| {
        assert!(call.line.starts_with("post "), "{call:?}");
        assert!(call.head.contains("content-type: application/x-www-form-urlencoded"), "{call:?}");
        assert_eq!(call.form.keys().collect::<Vec<_>>(), ["logout_token"], "{call:?}");
        secrets::note(&call.form["logout_token"]);
        call.form["logout_token"].clone()
    });
    tokens.collect()
}

async fn waiting(node: &Node) -> (i64, i64) {
    let count = node.app.store.outbox_count(Delivery::Farewell).await.expect("the store answers");
    (count.waiting, count.dead)
}

async fn outcomes(node: &Node, outcome: &str) -> u32 {
    let body = node.get("/metrics").await.body;
    let series = format!("countersign_logouts_told_total{{outcome=\"{outcome}\"}} ");
    body.lines().find_map(|line| line.strip_prefix(&series)?.parse().ok()).unwrap_or(0)
}

async fn clients_of_a_session_hear_of_its_end_once(backend: Backend) {
    let (world, deaf, ann) = shop(backend).await;
    let other_node = world.another_node().await;
    let receiver = Receiver::start().await;
    let (one, two) =
        (listening(&world, &receiver.url("/one")).await, listening(&world, &receiver.url("/two?a=b")).await);
    let away = listening(&world, &receiver.url("/away")).await;
    let (mut browser, mut elsewhere) = (Browser::default(), Browser::default());
    let token = signed_in(&mut browser, &world, &deaf, &ann, "openid").await;
    let id_token = Parts::of(token.id_token().expect("one"));
    for client in [&one, &one, &two] {
        signed_in(&mut browser, &world, client, &ann, "openid").await;
    }
    for client in [&one, &away] {
        signed_in(&mut elsewhere, &world, client, &ann, "openid").await;
    }
    world.advance(60);
    logs_out(&mut browser, &world, token.id_token().expect("one")).await;
    let outside = Outside::fetch(&other_node).await;
    let mut names = Vec::new();
    for (path, client) in [("/one", &one), ("/two?a=b", &two)] {
        let token = told(&receiver, path, 1).await.remove(0);
        assert!(outside.verifies(&token), "a published key signed it");
        let Parts { header, mut claims, .. } = Parts::of(&token);
        assert_eq!((&header["typ"], &header["alg"]), (&json!("logout+jwt"), &json!("RS256")));
        names.push(claims["jti"].as_str().expect("a name").to_owned());
        claims.as_object_mut().expect("an object").remove("jti");
        let (now, events) = (world.clock.now(), "http://schemas.openid.net/event/backchannel-logout");
        let expected = json!({
            "iss": world.issuer(), "aud": client.id, "sub": id_token.claims["sub"], "sid": id_token.claims["sid"],
            "iat": now, "exp": now.plus(120), "events": {events: {}},
        });
        assert_eq!(claims, expected, "and nothing else, a nonce least of all");
    }
    assert_ne!(names[0], names[1]);
    within(A_WHILE, "nothing waits", async || waiting(&world).await == (0, 0)).await;
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    told(&receiver, "/one", 1).await;
    assert!(receiver.calls_to("/away").is_empty(), "another session goes on");
    assert_eq!(outcomes(&world, "told").await + outcomes(&other_node, "told").await, 2);
    // What clients are told is no ID token.
    let token = told(&receiver, "/two?a=b", 1).await.remove(0);
    assert_eq!(elsewhere.opens(&world, &leave(&[("id_token_hint", &token)])).await.page().status, 400);
}

async fn a_pairwise_client_hears_its_own_name(backend: Backend) {
    let (world, _, ann) = shop(backend).await;
    let receiver = Receiver::start().await;
    let url = receiver.url("/pairwise");
    let client = world
        .web_app(|m| {
            m.subject_type = SubjectType::Pairwise;
            m.backchannel_logout_uri = Some(url);
        })
        .await;
    let mut browser = Browser::default();
    let token = signed_in(&mut browser, &world, &client, &ann, "openid").await;
    let id_token = Parts::of(token.id_token().expect("one"));
    logs_out(&mut browser, &world, token.id_token().expect("one")).await;
    let claims: Value = Parts::of(&told(&receiver, "/pairwise", 1).await[0]).claims;
    assert_eq!((&claims["sub"], &claims["sid"]), (&id_token.claims["sub"], &id_token.claims["sid"]));
    assert_ne!(claims["sub"], ann.id.as_str());
}

async fn whatever_ends_all_sessions_is_told(backend: Backend) {
    let (world, ..) = shop(backend).await;
    let (receiver, store) = (Receiver::start().await, &world.app.store);
    for (what, times) in [("everywhere", 2), ("disabled", 1), ("erased", 1), ("kept", 0)] {
        let user = world.user(what).await;
        let client = listening(&world, &receiver.url(&format!("/{what}"))).await;
        for _ in 0..times.max(1) {
            signed_in(&mut Browser::default(), &world, &client, &user, "openid").await;
        }
        match what {
            "everywhere" => assert!(store.end_grants_of(user.id.clone(), audited()).await.expect("an answer")),
            "disabled" => drop(world.amend(&user, |amendment| amendment.ends_grants = Some(Spared(None))).await),
            "erased" => drop(store.erase_user(user.id.clone(), None, audited()).await.expect("an answer")),
            _ => drop(world.amend(&user, |amendment| amendment.change.name = Some(Some("Ann".to_owned()))).await),
        }
        for token in told(&receiver, &format!("/{what}"), times).await {
            assert_eq!(Parts::of(&token).claims["sub"], user.id.as_str(), "{what}");
        }
    }
    within(A_WHILE, "nothing waits", async || waiting(&world).await == (0, 0)).await;
    assert!(receiver.calls_to("/kept").is_empty());
    assert_eq!(world.texts("SELECT id FROM session_clients").await.len(), 1, "of who was kept");
}

async fn where_one_session_is_all_there_may_be_the_end_of_the_other_is_told(backend: Backend) {
    let world = backend.world_with(|config| config.tokens.single_session = true).await;
    let ann = world.user("ann").await;
    let receiver = Receiver::start().await;
    let client = listening(&world, &receiver.url("/one")).await;
    let (mut before, mut after) = (Browser::default(), Browser::default());
    let first = signed_in(&mut before, &world, &client, &ann, "openid").await;
    let first = Parts::of(first.id_token().expect("one")).claims["sid"].clone();
    signed_in(&mut after, &world, &client, &ann, "openid").await;
    let told_of = |token: &str| Parts::of(token).claims["sid"].clone();
    assert_eq!(told_of(&told(&receiver, "/one", 1).await[0]), first);
    assert!(super::is_signed_in(&after, &world, &client).await, "the one that took its place goes on");
    world.login(&ann).await;
    assert_ne!(told_of(&told(&receiver, "/one", 2).await[1]), first, "a sign-in at the API ends that one, too");
}

async fn who_does_not_take_it_is_told_again_and_given_up_after_a_day(backend: Backend) {
    let (world, _, ann) = shop(backend).await;
    let receiver = Receiver::start().await;
    let client = listening(&world, &receiver.url("/out")).await;
    let mut browser = Browser::default();
    let mut passed = 0;
    for (status, outcome) in [(500, "failed"), (400, "refused"), (302, "failed")] {
        receiver.answers(status);
        let before = (receiver.calls_to("/out").len(), outcomes(&world, outcome).await);
        let token = signed_in(&mut browser, &world, &client, &ann, "openid").await;
        logs_out(&mut browser, &world, token.id_token().expect("one")).await;
        within(A_WHILE, "it is not taken", async || outcomes(&world, outcome).await > before.1).await;
        within(A_WHILE, "it waits", async || waiting(&world).await.0 == 1).await;
        receiver.answers(204);
        let mut waited = 0;
        within(A_WHILE, "it is told again", async || {
            world.advance(38);
            waited += 38;
            tokio::time::sleep(Duration::from_millis(600)).await;
            waiting(&world).await == (0, 0)
        })
        .await;
        passed += waited;
        assert!(receiver.calls_to("/out").len() >= before.0 + 2);
        let jtis = receiver.calls_to("/out").into_iter().map(|call| call.form["logout_token"].clone());
        let times = jtis.map(|token| Parts::of(&token).claims["iat"].clone()).collect::<Vec<_>>();
        assert_ne!(times[before.0], times[before.0 + 1], "it is signed when it is told");
    }
    assert!(passed > 0 && receiver.calls_to("/elsewhere").is_empty(), "a redirect is not followed");
    receiver.answers(400);
    let token = signed_in(&mut browser, &world, &client, &ann, "openid").await;
    logs_out(&mut browser, &world, token.id_token().expect("one")).await;
    within(A_WHILE, "it waits", async || outcomes(&world, "refused").await == 2).await;
    within(A_WHILE, "it is nobody's", async || {
        let at = world.clock.now().plus(299);
        world.app.store.outbox_is_due(Delivery::Farewell, at).await.expect("an answer")
    })
    .await;
    world.advance(LIFETIME_SECONDS - 1);
    within(A_WHILE, "it is given up", async || waiting(&world).await == (0, 1)).await;
    assert!(logs().contains("a client was never told of a logout: it was given up"));
}

async fn a_silent_client_slows_nobody(backend: Backend) {
    let (world, _, ann) = shop(backend).await;
    let (silent, good) = (Receiver::start().await, Receiver::start().await);
    silent.answers(0);
    let clients = [listening(&world, &silent.url("/silent")).await, listening(&world, &good.url("/good")).await];
    let mut browser = Browser::default();
    let mut tokens = Vec::new();
    for client in &clients {
        tokens.push(signed_in(&mut browser, &world, client, &ann, "openid").await);
    }
    let started = Instant::now();
    logs_out(&mut browser, &world, tokens[0].id_token().expect("one")).await;
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    told(&good, "/good", 1).await;
    told(&silent, "/silent", 1).await;
    within(A_WHILE, "it is given up for now", async || outcomes(&world, "unreachable").await == 1).await;
    assert_eq!(waiting(&world).await, (1, 0));
}

async fn a_slow_client_rests_like_a_silent_one(backend: Backend) {
    let (world, _, ann) = shop(backend).await;
    let receiver = Receiver::start().await;
    let client = listening(&world, &receiver.url("/slow")).await;
    receiver.takes(2_200);
    let leaves = async || {
        let mut browser = Browser::default();
        let token = signed_in(&mut browser, &world, &client, &ann, "openid").await;
        logs_out(&mut browser, &world, token.id_token().expect("one")).await;
    };
    for _ in 0..5 {
        leaves().await;
    }
    within(A_WHILE, "all five are told", async || outcomes(&world, "told").await == 5).await;
    leaves().await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!((receiver.calls_to("/slow").len(), waiting(&world).await), (5, (1, 0)), "whoever waits is told later");
}

async fn nobody_is_called_in_a_private_network_unless_a_setting_says_so(backend: Backend) {
    let world = backend.world_with(|config| config.issuer = "https://id.example".parse().expect("an issuer")).await;
    let ann = world.user("ann").await;
    let receiver = Receiver::start().await;
    let (by_address, by_name) = (receiver.url("/address"), format!("http://localhost:{}/name", receiver.port()));
    let clients = [listening(&world, &by_address).await, listening(&world, &by_name).await];
    let mut browser = Browser::default();
    let mut tokens = Vec::new();
    for client in &clients {
        tokens.push(signed_in(&mut browser, &world, client, &ann, "openid").await);
    }
    logs_out(&mut browser, &world, tokens[0].id_token().expect("one")).await;
    within(A_WHILE, "nobody is called", async || outcomes(&world, "not_allowed").await == 2).await;
    assert!(receiver.calls_to("/address").is_empty() && receiver.calls_to("/name").is_empty());
    world.stop_jobs().await;
    let _allowed = world.another_node_with(|config| config.outbound.private_addresses = true).await;
    world.advance(60);
    for path in ["/address", "/name"] {
        told(&receiver, path, 1).await;
    }
}

//! What ends with a session, and what goes on.

use std::time::Duration;

use super::{is_done, is_signed_in, leave, shop, signed_in};
use crate::authorize::{all_the_way, exchange, request};
use crate::harness::{Backend, Browser, Token, stories};

stories![
    what_was_granted_in_a_session_ends_with_it,
    a_code_that_waits_is_worth_nothing_any_more,
    of_an_exchange_and_a_logout_at_once_no_good_token_is_left,
];

async fn what_was_granted_in_a_session_ends_with_it(backend: Backend) {
    let (world, client, ann) = shop(backend).await;
    let other = world.web_app(|_| ()).await;
    let (mut browser, mut elsewhere) = (Browser::default(), Browser::default());
    let token = signed_in(&mut browser, &world, &client, &ann, "openid").await;
    let of_other = signed_in(&mut browser, &world, &other, &ann, "openid email").await;
    let offline = signed_in(&mut browser, &world, &client, &ann, "openid offline_access").await;
    let of_elsewhere = signed_in(&mut elsewhere, &world, &client, &ann, "openid").await;
    browser.opens(&world, &leave(&[("id_token_hint", token.id_token().expect("one"))])).await;
    assert!(!client.sees_alive(&world, &token.text).await && !other.sees_alive(&world, &of_other.text).await);
    assert!(client.sees_alive(&world, &offline.text).await, "the user let the client come back");
    client.refreshed(&world, offline.next(), &[]).await;
    assert!(client.sees_alive(&world, &of_elsewhere.text).await && is_signed_in(&elsewhere, &world, &client).await);
    let acts = world
        .texts(
            "SELECT act || ' ' || actor_id || ' ' || target_kind || ' ' || client_id FROM audit_log \
             WHERE act LIKE 'signed_out%'",
        )
        .await;
    assert_eq!(acts, [format!("signed_out {} session {}", ann.id, client.id)]);
    let session = world.texts("SELECT target_id FROM audit_log WHERE act = 'signed_out'").await;
    assert_eq!(session, world.texts("SELECT id FROM sessions WHERE ended_at IS NOT NULL").await);
}

async fn a_code_that_waits_is_worth_nothing_any_more(backend: Backend) {
    let (world, client, ann) = shop(backend).await;
    let (mut browser, mut elsewhere) = (Browser::default(), Browser::default());
    let token = signed_in(&mut browser, &world, &client, &ann, "openid").await;
    let path = request(&client, &[("scope", "openid")]);
    let code = browser.opens(&world, &path).await.code(&world);
    let of_elsewhere = all_the_way(&mut elsewhere, &world, &ann, &path).await.code(&world);
    browser.opens(&world, &leave(&[("id_token_hint", token.id_token().expect("one"))])).await;
    exchange(&client, &world, &code, &[]).await.is_refused(400, "invalid_grant");
    assert_eq!(exchange(&client, &world, &of_elsewhere, &[]).await.status, 200);
}

/// Whichever comes first: either the tokens end with the session, or the code does.
async fn of_an_exchange_and_a_logout_at_once_no_good_token_is_left(backend: Backend) {
    let (world, client, ann) = shop(backend).await;
    let another = world.another_node().await;
    let (path, mut exchanged) = (request(&client, &[("scope", "openid")]), 0);
    for turn in 0..24_u32 {
        let mut browser = Browser::default();
        let first = signed_in(&mut browser, &world, &client, &ann, "openid").await;
        let leaves = leave(&[("id_token_hint", first.id_token().expect("one"))]);
        let code = browser.opens(&world, &path).await.code(&world);
        // In some turns the one has a start, in some the other.
        let pause = |turns: u32| tokio::time::sleep(Duration::from_millis(u64::from(turns) * 10));
        let (answer, left) = tokio::join!(
            async {
                pause(turn % 6).await;
                exchange(&client, &another, &code, &[]).await
            },
            async {
                pause(5 - turn % 6).await;
                browser.opens(&world, &leaves).await
            }
        );
        assert!(is_done(&left), "{left:?}");
        if answer.status == 200 {
            exchanged += 1;
            let token = Token::of(&answer).text;
            for node in [&*world, &another] {
                assert!(!client.sees_alive(node, &token).await, "turn {turn}: it outlived its session");
            }
        } else {
            answer.is_refused(400, "invalid_grant");
        }
        assert!(!client.sees_alive(&world, &first.text).await && !is_signed_in(&browser, &world, &client).await);
    }
    assert!((1..24).contains(&exchanged), "of 24 turns each came first in some: {exchanged}");
    let alive = world.texts("SELECT id FROM grants WHERE ended_at IS NULL").await;
    assert_eq!(alive, Vec::<String>::new());
}

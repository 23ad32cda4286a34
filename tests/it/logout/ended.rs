//! What ends with a session, and what goes on.

use super::{is_signed_in, leave, shop, signed_in};
use crate::authorize::{all_the_way, exchange, request};
use crate::harness::{Backend, Browser, stories};

stories![what_was_granted_in_a_session_ends_with_it, a_code_that_waits_is_worth_nothing_any_more];

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

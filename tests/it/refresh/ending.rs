//! Whatever ends a session ends all of its tokens, at once and on every node.

use countersign::secret::Plain;
use countersign::store::users::Amended;

use super::{people, people_with};
use crate::harness::{Backend, Node, Persona, Token, World, audited, stories};

stories![
    revoking_a_refresh_token_ends_its_session,
    revoking_an_access_token_ends_that_one_alone,
    nobody_ends_the_session_of_another_client,
    logging_out_everywhere_ends_all_sessions,
    whoever_is_shut_out_has_no_good_tokens,
    a_new_password_ends_what_the_old_one_opened,
    the_tokens_of_a_user_or_client_that_is_gone_are_gone,
    with_a_single_session_a_sign_in_ends_the_others,
    of_many_that_sign_in_at_once_a_single_session_is_left,
];

/// Whether all tokens of a session are good, on all nodes; they are good or bad together.
async fn lives(app: &Persona, nodes: [&Node; 2], session: &Token) -> bool {
    let mut seen = Vec::new();
    for node in nodes {
        seen.push(app.sees_alive(node, &session.text).await);
        seen.push(app.sees_alive(node, session.next()).await);
    }
    assert!(seen.iter().all(|alive| *alive == seen[0]), "{seen:?}");
    seen[0]
}

async fn revoking_a_refresh_token_ends_its_session(backend: Backend) {
    let (world, app, user) = people(backend).await;
    let other = world.another_node().await;
    let public = world.public_app(|_| ()).await;
    let kept = app.signed_in(&world, &user, &[]).await;
    for older in [false, true] {
        let first = app.signed_in(&world, &user, &[]).await;
        let next = app.refreshed(&world, first.next(), &[]).await;
        assert!(lives(&app, [&world, &other], &next).await);
        app.revoke_well(&world, if older { first.next() } else { next.next() }).await;
        assert!(!lives(&app, [&world, &other], &next).await && !app.sees_alive(&other, &first.text).await);
        app.refresh(&other, next.next(), &[]).await.is_refused(400, "invalid_grant");
        for again in [first.next(), next.next()] {
            app.revoke_well(&other, again).await;
        }
        let query = format!("SELECT act FROM audit_log WHERE target_id = '{}' ORDER BY act", first.grant());
        assert_eq!(world.texts(&query).await, ["signed_in", "token_revoked"], "it is ended once");
    }
    let session = public.signed_in(&world, &user, &[]).await;
    public.revoke_well(&world, session.next()).await;
    public.refresh(&world, session.next(), &[]).await.is_refused(400, "invalid_grant");
    assert!(lives(&app, [&world, &other], &kept).await);
}

async fn revoking_an_access_token_ends_that_one_alone(backend: Backend) {
    let (world, app, user) = people(backend).await;
    let first = app.signed_in(&world, &user, &[]).await;
    let next = app.refreshed(&world, first.next(), &[]).await;
    app.revoke_well(&world, &first.text).await;
    assert!(!app.sees_alive(&world, &first.text).await);
    assert!(app.sees_alive(&world, &next.text).await);
    app.refreshed(&world, next.next(), &[]).await;
}

async fn nobody_ends_the_session_of_another_client(backend: Backend) {
    let (world, app, user) = people(backend).await;
    let other = world.another_node().await;
    let (thief, public) = (world.app(|_| ()).await, world.public_app(|_| ()).await);
    let first = app.signed_in(&world, &user, &[]).await;
    let next = app.refreshed(&world, first.next(), &[]).await;
    for client in [&thief, &public] {
        for token in [first.next(), next.next(), &next.text] {
            let answer = client.revoke(&world, token).await;
            answer.is_refused(400, "invalid_grant");
            answer.never_says(&[token, &app.id, &user.id]);
        }
    }
    assert!(lives(&app, [&world, &other], &next).await);
}

async fn logging_out_everywhere_ends_all_sessions(backend: Backend) {
    let (world, app, user) = people(backend).await;
    let other = world.another_node().await;
    let (bob, another_app) = (world.user("bob").await, world.app(|_| ()).await);
    let (one, two) = (app.signed_in(&world, &user, &[]).await, another_app.signed_in(&other, &user, &[]).await);
    let bobs = app.signed_in(&world, &bob, &[]).await;
    assert!(world.app.store.end_grants_of(user.id.clone(), audited()).await.expect("the store answers"));
    assert!(!lives(&app, [&world, &other], &one).await && !lives(&another_app, [&world, &other], &two).await);
    for node in [&*world, &other] {
        app.refresh(node, one.next(), &[]).await.is_refused(400, "invalid_grant");
    }
    assert!(lives(&app, [&world, &other], &bobs).await);
    let again = app.signed_in(&other, &user, &[]).await;
    assert!(lives(&app, [&world, &other], &again).await);
}

async fn whoever_is_shut_out_has_no_good_tokens(backend: Backend) {
    let (world, app, user) = people(backend).await;
    let other = world.another_node().await;
    let now = Some(world.clock.now());
    let mut session = app.signed_in(&world, &user, &[]).await;
    for locks in [true, false] {
        let shut = async |at| if locks { world.lock(&user, at).await } else { world.disable_user(&user, at).await };
        shut(now).await;
        assert!(!lives(&app, [&world, &other], &session).await);
        for node in [&*world, &other] {
            app.refresh(node, session.next(), &[]).await.is_refused(400, "invalid_grant");
        }
        shut(None).await;
        assert!(lives(&app, [&world, &other], &session).await, "whoever comes back finds the session");
        session = app.refreshed(&other, session.next(), &[]).await;
    }
}

async fn a_new_password_ends_what_the_old_one_opened(backend: Backend) {
    let (world, app, user) = people(backend).await;
    let other = world.another_node().await;
    let session = app.signed_in(&world, &user, &[]).await;
    let hash = world.app.passwords.hash(&Plain::presented("another pass phrase")).await.expect("a hash");
    world.change_password(&user, hash).await;
    assert!(!lives(&app, [&world, &other], &session).await);
    app.sign_in(&other, &user, &[]).await.is_refused(400, "invalid_grant");
    let answer = app.sign_in_as(&other, "ann", "another pass phrase", &[]).await;
    assert!(lives(&app, [&world, &other], &Token::of(&answer)).await);
}

async fn the_tokens_of_a_user_or_client_that_is_gone_are_gone(backend: Backend) {
    let (world, app, user) = people(backend).await;
    let other = world.another_node().await;
    let (bob, api) = (world.user("bob").await, world.service_client(|_| ()).await);
    let gone = world.app(|m| m.audience = crate::harness::resources(["https://a.example"])).await;
    world.resource("https://a.example", "", &[&api.id]).await;
    other.look().await;
    let (session, bobs) = (app.signed_in(&world, &user, &[]).await, gone.signed_in(&world, &bob, &[]).await);
    assert!(api.sees_alive(&other, &bobs.text).await);
    let erased = world.app.store.erase_user(user.id.clone(), None, audited()).await.expect("the store answers");
    assert!(matches!(erased, Amended::Done(_)));
    assert!(!lives(&app, [&world, &other], &session).await);
    app.refresh(&world, session.next(), &[]).await.is_refused(400, "invalid_grant");
    world.disable(&gone.id, Some(world.clock.now())).await;
    assert!(!api.sees_alive(&other, &bobs.text).await);
    gone.refresh(&world, bobs.next(), &[]).await.is_refused(401, "invalid_client");
    world.disable(&gone.id, None).await;
    assert!(api.sees_alive(&other, &bobs.text).await);
    assert!(world.app.store.delete_client(gone.id, audited()).await.expect("the store answers"));
    assert!(!api.sees_alive(&other, &bobs.text).await);
}

async fn with_a_single_session_a_sign_in_ends_the_others(backend: Backend) {
    let (world, app, user) = people_with(backend, |config| config.tokens.single_session = true).await;
    let other = world.another_node().await;
    let (bob, another_app) = (world.user("bob").await, world.public_app(|_| ()).await);
    let bobs = app.signed_in(&world, &bob, &[]).await;
    let first = app.signed_in(&world, &user, &[]).await;
    app.sign_in_as(&world, "ann", "not the password", &[]).await.is_refused(400, "invalid_grant");
    let first = app.refreshed(&world, first.next(), &[]).await;
    assert!(lives(&app, [&world, &other], &first).await, "only a sign-in that goes well ends anything");
    let second = another_app.signed_in(&other, &user, &[]).await;
    assert!(!lives(&app, [&world, &other], &first).await);
    app.refresh(&world, first.next(), &[]).await.is_refused(400, "invalid_grant");
    another_app.refreshed(&world, second.next(), &[]).await;
    assert!(lives(&app, [&world, &other], &bobs).await);
}

async fn of_many_that_sign_in_at_once_a_single_session_is_left(backend: Backend) {
    let (world, app, user) = people_with(backend, |config| config.tokens.single_session = true).await;
    let other = world.another_node().await;
    let nodes: [&Node; 2] = [&world, &other];
    let racers = (0..10).map(|number| app.sign_in(nodes[number % 2], &user, &[]));
    let answers = futures_util::future::join_all(racers).await;
    let won: Vec<Token> = answers.iter().filter(|answer| answer.status == 200).map(Token::of).collect();
    assert!(!won.is_empty(), "somebody gets in: {answers:?}");
    answers.iter().filter(|answer| answer.status != 200).for_each(|answer| answer.is_refused(400, "invalid_grant"));
    let mut left = 0;
    for session in &won {
        left += usize::from(lives(&app, nodes, session).await);
    }
    assert_eq!(left, 1);
    let _: &World = &world;
}

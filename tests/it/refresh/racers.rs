//! Many uses of one refresh token at one moment.

use futures_util::future::join_all;

use super::people_with;
use crate::harness::{Answer, Backend, Persona, Token, World, stories};

stories![
    within_the_window_all_get_the_same_successor,
    without_a_window_one_wins_and_the_session_ends,
    different_requests_at_one_moment_have_one_winner,
];

const ROUNDS: usize = 20;
const RACERS: usize = 50;

/// What each racer gets; they run on two nodes.
async fn race(world: &World, other: &crate::harness::Node, app: &Persona, token: &str) -> Vec<Answer> {
    let racers = (0..RACERS).map(|number| {
        let node = if number % 2 == 0 { world } else { other };
        app.refresh(node, token, &[])
    });
    join_all(racers).await
}

async fn within_the_window_all_get_the_same_successor(backend: Backend) {
    let (world, app, user) = people_with(backend, |config| config.tokens.refresh_retry_seconds = 10).await;
    let other = world.another_node().await;
    let mut token = app.signed_in(&world, &user, &[]).await.next().to_owned();
    for _ in 0..ROUNDS {
        let won: Vec<Token> = race(&world, &other, &app, &token).await.iter().map(Token::of).collect();
        let next = won[0].next().to_owned();
        assert!(won.iter().all(|token| token.next() == next), "{RACERS} equal successors");
        assert_ne!(next, token);
        let mut ids: Vec<_> = won.iter().map(|token| token.claims["jti"].to_string()).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), RACERS);
        let seen = join_all(won.iter().map(|token| app.sees_alive(&other, &token.text))).await;
        assert!(seen.iter().all(|alive| *alive), "{RACERS} good access tokens");
        token = next;
    }
    let rotated = async |node: &crate::harness::Node, outcome: &str| {
        let body = node.get("/metrics").await.body;
        let series = format!("countersign_refreshes_total{{outcome=\"{outcome}\"}} ");
        let value = body.lines().find_map(|line| line.strip_prefix(&series)).unwrap_or("0");
        value.parse::<usize>().expect("a number")
    };
    let both = async |outcome: &str| rotated(&world, outcome).await + rotated(&other, outcome).await;
    assert_eq!((both("rotated").await, both("retried").await), (ROUNDS, ROUNDS * (RACERS - 1)));
    assert_eq!(both("reused").await, 0);
}

async fn without_a_window_one_wins_and_the_session_ends(backend: Backend) {
    let (world, app, user) = people_with(backend, |config| config.tokens.refresh_retry_seconds = 0).await;
    let other = world.another_node().await;
    let bystander = app.signed_in(&world, &user, &[]).await;
    for round in 1..=ROUNDS {
        let first = app.signed_in(&world, &user, &[]).await;
        let answers = race(&world, &other, &app, first.next()).await;
        let won: Vec<Token> = answers.iter().filter(|answer| answer.status == 200).map(Token::of).collect();
        let [winner] = won.as_slice() else { panic!("one winner, not {}", won.len()) };
        for answer in answers.iter().filter(|answer| answer.status != 200) {
            answer.is_refused(400, "invalid_grant");
        }
        for ended in [&first.text, &winner.text] {
            assert!(!app.sees_alive(&world, ended).await && !app.sees_alive(&other, ended).await);
        }
        app.refresh(&other, winner.next(), &[]).await.is_refused(400, "invalid_grant");
        let recorded = world.texts("SELECT target_id FROM audit_log WHERE act = 'refresh_reused'").await;
        assert_eq!((recorded.len(), recorded.contains(&first.grant().to_owned())), (round, true), "once each");
    }
    assert!(app.sees_alive(&world, &bystander.text).await);
    app.refreshed(&world, bystander.next(), &[]).await;
}

async fn different_requests_at_one_moment_have_one_winner(backend: Backend) {
    let world = backend.world().await;
    let user = world.user("ann").await;
    let app = world.app(|m| m.scope = crate::harness::scopes("openid email profile")).await;
    for _ in 0..5 {
        let first = app.signed_in(&world, &user, &[]).await;
        let asked = ["openid", "email", "profile", "openid email"].map(|scope| [("scope", scope)]);
        let answers = join_all(asked.iter().map(|form| app.refresh(&world, first.next(), form))).await;
        let won: Vec<Token> = answers.iter().filter(|answer| answer.status == 200).map(Token::of).collect();
        assert_eq!(won.len(), 1, "none of them is a retry of another: {answers:?}");
        assert!(!app.sees_alive(&world, &won[0].text).await);
    }
}

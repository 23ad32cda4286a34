//! Whoever uses a token that was replaced may have stolen it: that session ends, and no other.

use super::people;
use crate::harness::forge::Parts;
use crate::harness::{Answer, Backend, Node, Token, secrets, stories};

stories![
    a_token_that_was_replaced_ends_its_session_and_no_other,
    what_became_of_refresh_tokens_is_counted,
    forged_tokens_end_nothing,
    whatever_is_wrong_with_a_refresh_token_the_answer_is_the_same,
];

async fn a_token_that_was_replaced_ends_its_session_and_no_other(backend: Backend) {
    let (world, app, user) = people(backend).await;
    let other = world.another_node().await;
    let (first, elsewhere) = (app.signed_in(&world, &user, &[]).await, app.signed_in(&world, &user, &[]).await);
    let second = app.refreshed(&world, first.next(), &[]).await;
    let third = app.refreshed(&world, second.next(), &[]).await;
    let stolen = app.refresh(&other, first.next(), &[]).await;
    stolen.is_refused(400, "invalid_grant");
    for node in [&*world, &other] {
        for ended in [&first, &second, &third] {
            assert!(!app.sees_alive(node, &ended.text).await, "its access tokens end at once, everywhere");
            assert!(!app.sees_alive(node, ended.next()).await);
            app.refresh(node, ended.next(), &[]).await.is_refused(400, "invalid_grant");
        }
        assert!(app.sees_alive(node, &elsewhere.text).await, "the user's other session goes on");
    }
    app.refreshed(&world, elsewhere.next(), &[]).await;
    let query = "SELECT actor_id || ' ' || target_id || ' ' || client_id || ' ' || request_id \
                 FROM audit_log WHERE act = 'refresh_reused'";
    let expected = [&app.id, first.grant(), &app.id, stolen.header("x-request-id")].join(" ");
    assert_eq!(world.texts(query).await, [expected], "that is recorded, once");
    let query = "SELECT user_id FROM audit_persons JOIN audit_log ON digest = personal WHERE act = 'refresh_reused'";
    assert_eq!(world.texts(query).await, [user.id], "and whose session it was");
}

/// How many uses came to this.
async fn counted(node: &Node, outcome: &str) -> u32 {
    let body = node.get("/metrics").await.body;
    let series = format!("countersign_refreshes_total{{outcome=\"{outcome}\"}} ");
    body.lines().find_map(|line| line.strip_prefix(&series)).map_or(0, |value| value.parse().expect("a number"))
}

async fn what_became_of_refresh_tokens_is_counted(backend: Backend) {
    let (world, app, user) = people(backend).await;
    let first = app.signed_in(&world, &user, &[]).await;
    let second = app.refreshed(&world, first.next(), &[]).await;
    for _ in 0..2 {
        app.refreshed(&world, first.next(), &[]).await;
    }
    app.refreshed(&world, second.next(), &[]).await;
    let counts = async || (counted(&world, "rotated").await, counted(&world, "retried").await);
    assert_eq!((counts().await, counted(&world, "reused").await), ((2, 2), 0));
    for _ in 0..3 {
        app.refresh(&world, first.next(), &[]).await.is_refused(400, "invalid_grant");
    }
    assert_eq!((counts().await, counted(&world, "reused").await), ((2, 2), 1), "a session ends once");
    assert!(world.get("/metrics").await.body.contains("countersign_tokens_issued_total{grant=\"refresh_token\"} 4"));
}

/// What a stranger makes who knows everything but what is secret.
fn forged(token: &str) -> Vec<(&'static str, String)> {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
    let prefix = "cs_refresh_";
    let bytes = BASE64URL.decode(token.strip_prefix(prefix).expect("a refresh token")).expect("base64url");
    let with = |change: fn(&mut Vec<u8>)| {
        let mut bytes = bytes.clone();
        change(&mut bytes);
        format!("{prefix}{}", BASE64URL.encode(bytes))
    };
    let text = |text: &str| text.to_owned();
    vec![
        ("another random part", with(|bytes| bytes[20] ^= 1)),
        ("another mark", with(|bytes| *bytes.last_mut().expect("a mark") ^= 1)),
        ("another grant", with(|bytes| bytes[15] ^= 1)),
        ("no mark", with(|bytes| bytes.truncate(48))),
        ("half a mark", with(|bytes| bytes.truncate(56))),
        ("only the grant", with(|bytes| bytes.truncate(16))),
        ("more behind it", with(|bytes| bytes.push(0))),
        ("only nothing", with(Vec::clear)),
        ("all zeros but the grant", with(|bytes| bytes[16..].fill(0))),
        ("another prefix", token.replace(prefix, "cs_client_")),
        ("another case", token.replace(prefix, "CS_REFRESH_")),
        ("no prefix", token.replace(prefix, "")),
        ("padding", format!("{token}=")),
        ("a space", format!("{token} ")),
        ("a word", text("nonsense")),
        ("not ASCII", format!("{prefix}\u{e4}")),
        ("long", format!("{prefix}{}", "A".repeat(20_000))),
    ]
}

async fn forged_tokens_end_nothing(backend: Backend) {
    let (world, app, user) = people(backend).await;
    let first = app.signed_in(&world, &user, &[]).await;
    let next = app.refreshed(&world, first.next(), &[]).await;
    world.advance(60);
    for (what, token) in forged(first.next()).into_iter().chain(forged(next.next())) {
        // Words and bare prefixes are nobody's secrets.
        if token.len() > first.next().len() / 2 {
            secrets::note(&token);
        }
        let answer = app.refresh(&world, &token, &[]).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, "invalid_grant"), "{what}");
        app.revoke_well(&world, &token).await;
        assert!(!app.sees_alive(&world, &token).await, "{what}");
        assert!(app.sees_alive(&world, &next.text).await, "{what}");
    }
    app.refreshed(&world, next.next(), &[]).await;
    // An access token is no refresh token.
    app.refresh(&world, &next.text, &[]).await.is_refused(400, "invalid_grant");
    app.refresh(&world, &Parts::of(&next.text).signed(), &[]).await.is_refused(400, "invalid_grant");
}

async fn whatever_is_wrong_with_a_refresh_token_the_answer_is_the_same(backend: Backend) {
    let (world, app, user) = people(backend).await;
    let thief = world.app(|_| ()).await;
    let sign_in = async || app.signed_in(&world, &user, &[]).await;
    let (owned, reused, ended, idle) = (sign_in().await, sign_in().await, sign_in().await, sign_in().await);
    let reused_up = app.refreshed(&world, reused.next(), &[]).await;
    app.refreshed(&world, reused_up.next(), &[]).await;
    app.revoke_well(&world, ended.next()).await;
    let mut answers: Vec<(&str, Answer)> = vec![
        ("unknown_refresh_token", app.refresh(&world, "nonsense", &[]).await),
        ("foreign_refresh_token", thief.refresh(&world, owned.next(), &[]).await),
        ("refresh_reused", app.refresh(&world, reused.next(), &[]).await),
        ("grant_ended", app.refresh(&world, ended.next(), &[]).await),
    ];
    world.advance(8 * 86_400);
    answers.push(("grant_expired", app.refresh(&world, idle.next(), &[]).await));
    let told = |answer: &Answer| answer.body.replace(answer.header("x-request-id"), "");
    for (reason, answer) in &answers {
        answer.is_refused(400, "invalid_grant");
        assert_eq!(told(answer), told(&answers[0].1), "{reason}");
        let counted = format!("countersign_refusals_total{{error=\"invalid_grant\",reason=\"{reason}\"}} 1");
        assert!(world.get("/metrics").await.body.contains(&counted), "{reason}");
    }
    let _: Token = sign_in().await;
}

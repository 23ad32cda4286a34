//! What a refresh token is to its grant — RFC 6749 §6 and §10.4, RFC 9700 §4.14.2.

use countersign::failure::Reason;
use countersign::grants::{Step, Windows, judge};
use countersign::protocol::ErrorCode;
use countersign::secret::{Hash, RefreshToken};
use countersign::store::grants::{BLANK, DIGEST, GrantRow, GrantUser, Standing};
use countersign::time::UnixTime;

use crate::contract::NOW;

const IDLE: i64 = 1_000;
const RETRY: i64 = 10;

fn hash(name: &str) -> Hash<RefreshToken> {
    Hash::stored(name.to_owned())
}

/// A grant that was rotated right now, from `before` to `current`.
fn standing() -> Standing {
    let grant = GrantRow {
        id: "g".to_owned(),
        user_id: "u".to_owned(),
        client_id: "owner".to_owned(),
        user_epoch: 3,
        scope: String::new(),
        resources: String::new(),
        device: None,
        address: None,
        created_at: NOW.minus(500),
        expires_at: NOW.plus(5_000),
        last_used_at: NOW,
        ended_at: None,
        refresh_hash: Some(hash("current")),
        previous_hash: Some(hash("before")),
        rotated_at: Some(NOW),
        rotation_request: Some("asked".to_owned()),
        auth_time: None,
        session_id: None,
        acr: None,
        amr: None,
        claims: None,
        successor: Some("sealed".to_owned()),
    };
    Standing { grant, user: GrantUser { epoch: 3, disabled_at: None, locked_at: None }, roles: Vec::new() }
}

fn unrotated(standing: &Standing) -> GrantRow {
    let grant = standing.grant.clone();
    GrantRow { previous_hash: None, rotated_at: None, rotation_request: None, successor: None, ..grant }
}

/// Who presents which token, with which request, how long after the rotation.
struct Presented {
    token: &'static str,
    client: &'static str,
    request: &'static str,
    later: i64,
}

const fn presented(token: &'static str) -> Presented {
    Presented { token, client: "owner", request: "asked", later: 0 }
}

struct Row {
    rule: &'static str,
    change: fn(&mut Standing),
    presented: Presented,
    expected: Result<Step, Reason>,
}

const fn as_it_is(_: &mut Standing) {}

fn row(rule: &'static str, presented: Presented, expected: Result<Step, Reason>) -> Row {
    Row { rule, change: as_it_is, presented, expected }
}

fn check(rows: Vec<Row>, windows: Windows) {
    for Row { rule, change, presented: Presented { token, client, request, later }, expected } in rows {
        let mut standing = standing();
        change(&mut standing);
        let now: UnixTime = NOW.plus(later);
        let judged = judge(&standing, &hash(token), client, request, windows, now);
        let judged = judged.map_err(|refused| {
            assert_eq!(refused.code, ErrorCode::InvalidGrant, "{rule}");
            refused.reason
        });
        assert_eq!(judged, expected, "{rule}");
    }
}

const WINDOWS: Windows = Windows { idle_seconds: IDLE, retry_seconds: RETRY };

fn retry() -> Result<Step, Reason> {
    Ok(Step::Retry("sealed".to_owned()))
}

#[test]
fn what_a_genuine_token_is_to_its_grant() {
    let rows = vec![
        row("§6: the current token is exchanged for another one", presented("current"), Ok(Step::Rotate)),
        row("... also by another request", Presented { request: "else", ..presented("current") }, Ok(Step::Rotate)),
        row("... until it is idle", Presented { later: IDLE - 1, ..presented("current") }, Ok(Step::Rotate)),
        row("the one before it is asked for again", presented("before"), retry()),
        row("... until the window ends", Presented { later: RETRY - 1, ..presented("before") }, retry()),
        row("... and no longer", Presented { later: RETRY, ..presented("before") }, Ok(Step::Reuse)),
        row("... by the same request", Presented { request: "else", ..presented("before") }, Ok(Step::Reuse)),
        row("RFC 9700 §4.14.2: an invalidated token shows a breach", presented("older"), Ok(Step::Reuse)),
        Row {
            rule: "what is not kept cannot be asked for",
            change: |standing| standing.grant.successor = None,
            presented: presented("before"),
            expected: Ok(Step::Reuse),
        },
        Row {
            rule: "... nor what was erased, whatever the clocks say",
            change: |standing| {
                standing.grant.successor = Some(BLANK.to_owned());
                standing.grant.rotated_at = Some(NOW.plus(3));
            },
            presented: presented("before"),
            expected: Ok(Step::Reuse),
        },
        Row {
            rule: "a grant that was never rotated has no token before",
            change: |standing| standing.grant = unrotated(standing).with_room(),
            presented: presented("current"),
            expected: Ok(Step::Rotate),
        },
        Row {
            rule: "... and what stands in the place of one is none",
            change: |standing| standing.grant = unrotated(standing).with_room(),
            presented: presented(" ".repeat(DIGEST).leak()),
            expected: Ok(Step::Reuse),
        },
        Row {
            rule: "... nor if no room was left for it, as it was not in the beginning",
            change: |standing| standing.grant = unrotated(standing),
            presented: presented("current"),
            expected: Ok(Step::Rotate),
        },
        Row {
            rule: "the clock of the node that rotated may be ahead",
            change: |standing| standing.grant.rotated_at = Some(NOW.plus(3)),
            presented: presented("before"),
            expected: retry(),
        },
    ];
    check(rows, WINDOWS);
}

#[test]
fn without_a_window_the_token_before_is_like_any_older_one() {
    let rows = vec![
        row("the current one", presented("current"), Ok(Step::Rotate)),
        row("the one before", presented("before"), Ok(Step::Reuse)),
        row("an older one", presented("older"), Ok(Step::Reuse)),
    ];
    check(rows, Windows { retry_seconds: 0, ..WINDOWS });
}

#[test]
fn whose_token_it_is_comes_first() {
    let thief = |token| Presented { client: "thief", ..presented(token) };
    let foreign = || Err(Reason::ForeignRefreshToken);
    let rule = "§10.4: the refresh token is bound to the client to which it was issued";
    let mut rows: Vec<Row> =
        ["current", "before", "older"].into_iter().map(|token| row(rule, thief(token), foreign())).collect();
    rows.push(Row {
        rule: "... also when there is nothing left to bind",
        change: |standing| standing.grant.ended_at = Some(NOW),
        presented: thief("current"),
        expected: foreign(),
    });
    check(rows, WINDOWS);
}

#[test]
fn a_grant_that_is_over_gives_nothing_and_loses_nothing() {
    let over = |rule, change, expected: Reason| -> Vec<Row> {
        let tokens = ["current", "before", "older"].into_iter();
        tokens.map(|token| Row { rule, change, presented: presented(token), expected: Err(expected) }).collect()
    };
    let later = |rule, later| row(rule, Presented { later, ..presented("current") }, Err(Reason::GrantExpired));
    let mut rows = vec![later("not used for too long", IDLE), later("long ago", 10 * IDLE)];
    rows.extend(over("the last day has come", |s| s.grant.expires_at = NOW, Reason::GrantExpired));
    rows.extend(over("ended", |s| s.grant.ended_at = Some(NOW), Reason::GrantEnded));
    rows.extend(over("logged out everywhere since", |s| s.user.epoch = 4, Reason::GrantEnded));
    rows.extend(over("of a later epoch", |s| s.user.epoch = 2, Reason::GrantEnded));
    rows.extend(over("the user is disabled", |s| s.user.disabled_at = Some(NOW), Reason::GrantEnded));
    rows.extend(over("the user is locked", |s| s.user.locked_at = Some(NOW), Reason::GrantEnded));
    check(rows, WINDOWS);
    let without = Row {
        rule: "a grant without refresh tokens has none that is good",
        change: |standing| (standing.grant.refresh_hash, standing.grant.previous_hash) = (None, None),
        presented: presented("current"),
        expected: Ok(Step::Reuse),
    };
    check(vec![without], WINDOWS);
}

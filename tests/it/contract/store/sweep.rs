//! What may be forgotten, in batches.

use countersign::store::revoked_tokens::RevokedToken;
use countersign::store::sweep::BATCH;

use super::{client, secret};
use crate::contract::database::Fresh;
use crate::contract::{NOW, count, on_both_databases, race};
use crate::harness::audited;

on_both_databases! {
    a_token_is_revoked_by_one_of_many
    revocations_go_in_batches_once_their_tokens_have_expired
    a_secret_stays_listed_for_a_month_after_its_end
}

async fn a_token_is_revoked_by_one_of_many(fresh: &Fresh) {
    let nodes = [fresh.store().await, fresh.store().await];
    let token = |number: i64| RevokedToken {
        jti: "t1".to_owned(),
        client_id: "c1".to_owned(),
        revoked_at: NOW,
        expires_at: NOW.plus(number),
    };
    let racers = (0..8).map(|number| {
        let (store, token) = (nodes[number % 2].clone(), token(60));
        async move { store.revoke_token(token, audited()).await.unwrap() }
    });
    let results = race(racers.collect()).await;
    assert_eq!(count(&results, &true), 1, "{results:?}");
    assert!(!nodes[0].revoke_token(token(9), audited()).await.unwrap());
    let kept = fresh.raw().await.texts("SELECT CAST(expires_at AS TEXT) FROM revoked_tokens").await;
    assert_eq!(kept, [NOW.plus(60).to_string()]);
}

async fn revocations_go_in_batches_once_their_tokens_have_expired(fresh: &Fresh) {
    let store = fresh.store().await;
    let rows: Vec<_> = (0..BATCH + 7)
        .map(|number| format!("('old {number}', 'c1', 0, {})", NOW.minus(1)))
        .chain([NOW, NOW.plus(1)].map(|until| format!("('live {until}', 'c1', 0, {until})")))
        .collect();
    let insert =
        format!("INSERT INTO revoked_tokens (jti, client_id, revoked_at, expires_at) VALUES {}", rows.join(","));
    let mut raw = fresh.raw().await;
    raw.execute(&insert).await;
    let mut swept = Vec::new();
    for _ in 0..3 {
        swept.push(i64::try_from(store.sweep_revoked_tokens(NOW).await.unwrap()).unwrap());
    }
    assert_eq!(swept, [BATCH, 7, 0]);
    let left = raw.texts("SELECT jti FROM revoked_tokens ORDER BY jti").await;
    assert_eq!(left, [format!("live {NOW}"), format!("live {}", NOW.plus(1))]);
}

async fn a_secret_stays_listed_for_a_month_after_its_end(fresh: &Fresh) {
    let store = fresh.store().await;
    store.add_client(client("c1"), Some(secret("endless", "c1", None)), audited()).await.unwrap();
    store.add_client_secret(secret("ended", "c1", Some(NOW)), None, audited()).await.unwrap();
    store.add_client_secret(secret("ends", "c1", Some(NOW.plus(1))), None, audited()).await.unwrap();
    let month = 30 * 86_400;
    assert_eq!(store.sweep_client_secrets(NOW.plus(month)).await.unwrap(), 0);
    assert_eq!(store.sweep_client_secrets(NOW.plus(month + 1)).await.unwrap(), 1);
    let left: Vec<_> = store.client_secrets("c1").await.unwrap().into_iter().map(|secret| secret.id).collect();
    assert_eq!(left, ["endless", "ends"]);
}

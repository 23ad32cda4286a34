//! `/api/v1/admin/keys`.

use serde_json::{Value, json};

use super::{Governed, KEYS};
use crate::harness::{Backend, stories};

stories![
    a_key_waits_before_it_signs,
    in_an_emergency_what_was_signed_is_void,
    a_key_is_retired_when_its_tokens_have_expired,
];

impl Governed {
    async fn keys(&self) -> Vec<Value> {
        let answer = self.get(KEYS).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["items"].as_array().expect("a list").clone()
    }

    async fn in_phase(&self, phase: &str) -> Vec<String> {
        let of_phase = self.keys().await.into_iter().filter(|key| key["phase"] == phase);
        of_phase.map(|key| key["kid"].as_str().expect("a kid").to_owned()).collect()
    }
}

async fn a_key_waits_before_it_signs(backend: Backend) {
    let governed = Governed::start(backend).await;
    let (active, next) = (governed.in_phase("active").await, governed.in_phase("next").await);
    let early = governed.post(&format!("{KEYS}/rotate"), &json!({})).await;
    early.is_problem(409, "conflict");
    assert!(
        early.json()["detail"].as_str().is_some_and(|detail| detail.contains("has not been published")),
        "{early:?}"
    );
    let settings = &governed.world.app.config.keys;
    let wait = settings.jwks_max_age_seconds + settings.publish_margin_seconds;
    governed.world.advance(i64::try_from(wait).expect("seconds"));
    let token = governed.service.token(&governed.world).await.text;
    let governed = Governed { token, ..governed };
    let rotated = governed.post(&format!("{KEYS}/rotate"), &json!({"emergency": false})).await;
    assert_eq!(rotated.status, 200, "{rotated:?}");
    let rotation = &rotated.json()["items"][0];
    assert_eq!((&rotation["active"], &rotation["before"]), (&json!(next[0]), &json!(active[0])));
    assert_eq!(governed.in_phase("retiring").await, active);
    assert_eq!(governed.in_phase("active").await, next);
    assert!(governed.keys().await.iter().all(|key| key.get("sealed").is_none() && key.get("public_jwk").is_none()));
}

async fn in_an_emergency_what_was_signed_is_void(backend: Backend) {
    let governed = Governed::start(backend).await;
    let before = governed.in_phase("active").await;
    let rotated = governed.post(&format!("{KEYS}/rotate"), &json!({"emergency": true})).await;
    assert_eq!(rotated.status, 200, "{rotated:?}");
    governed.get(KEYS).await.is_problem(401, "invalid_token");
    let token = governed.service.token(&governed.world).await.text;
    let governed = Governed { token, ..governed };
    assert_eq!(governed.in_phase("withdrawn").await, before);
    let retired = governed.post(&format!("{KEYS}/{}/retire", before[0]), &json!({"emergency": true})).await;
    retired.is_problem(409, "conflict");
}

async fn a_key_is_retired_when_its_tokens_have_expired(backend: Backend) {
    let governed = Governed::start(backend).await;
    let world = &governed.world;
    let wait = world.app.config.keys.jwks_max_age_seconds + world.app.config.keys.publish_margin_seconds;
    world.advance(i64::try_from(wait).expect("seconds"));
    let token = governed.service.token(world).await.text;
    let governed = Governed { token, ..governed };
    let active = governed.in_phase("active").await[0].clone();
    let path = format!("{KEYS}/{active}/retire");
    governed.post(&path, &json!({})).await.is_problem(409, "conflict");
    assert_eq!(governed.post(&format!("{KEYS}/rotate"), &json!({})).await.status, 200);
    let early = governed.post(&path, &json!({})).await;
    early.is_problem(409, "conflict");
    let token = governed.service.token(&governed.world).await.text;
    let governed = Governed { token, ..governed };
    let withdrawn = governed.post(&path, &json!({"emergency": true})).await;
    assert_eq!((withdrawn.status, &withdrawn.json()["phase"]), (200, &json!("withdrawn")), "{withdrawn:?}");
    let next = governed.in_phase("next").await[0].clone();
    let gone = governed.post(&format!("{KEYS}/{next}/retire"), &json!({"emergency": true})).await;
    assert_eq!(gone.status, 200, "{gone:?}");
    assert_ne!(governed.in_phase("next").await, [next], "another one waits in its place");
}

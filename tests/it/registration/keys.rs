//! Clients that register keys of their own.

use reqwest::Method;
use serde_json::{Value, json};

use super::{ask, clients, open, registered, send, shop_with};
use crate::authorize::{CALLBACK, VERIFIER, a_code};
use crate::harness::client_key::{ClientKey, asserted};
use crate::harness::{Backend, TOKEN, Token, stories};

stories![a_client_registers_its_keys_and_exchanges_codes_by_them, keys_that_prove_nothing_are_refused];

async fn a_client_registers_its_keys_and_exchanges_codes_by_them(backend: Backend) {
    let world = open(backend).await;
    let ann = world.user("ann").await;
    let (old, new) = (ClientKey::new("PS256", "old"), ClientKey::new("ES256", "new"));
    let by_keys = json!({"token_endpoint_auth_method": "private_key_jwt", "jwks": ClientKey::set(&[&old])});
    let own = registered(&world, None, &shop_with(by_keys.clone())).await;
    assert!(own.answer.get("client_secret").is_none() && own.answer.get("client_secret_expires_at").is_none());
    assert_eq!(own.answer["jwks"], by_keys["jwks"]);
    let form = |code: &str| {
        [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", CALLBACK), ("code_verifier", VERIFIER)]
            .map(|(name, value)| (name, value.to_owned()))
    };
    let mut replaced = shop_with(json!({"client_id": own.persona.id, "token_endpoint_auth_signing_alg": "ES256"}));
    replaced["jwks"] = ClientKey::set(&[&new]);
    for key in [&old, &new] {
        let code = a_code(&world, &own.persona, &ann, &[]).await;
        let form = form(&code);
        let form: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let token = Token::of(&asserted(&world, TOKEN, &key.asserts(&world, &own.persona.id), &form).await);
        assert_eq!(token.claims["sub"], ann.id.as_str());
        // It looks after its keys, too.
        let changed = send(&world, Method::PUT, &own.path, Some(&own.token), Some(&replaced)).await;
        assert_eq!((changed.status, &changed.json()["jwks"]), (200, &replaced["jwks"]), "{changed:?}");
        world.look().await;
    }
    asserted(&world, TOKEN, &old.asserts(&world, &own.persona.id), &[]).await.is_refused(401, "invalid_client");
    replaced["jwks"] = Value::Null;
    let changed = send(&world, Method::PUT, &own.path, Some(&own.token), Some(&replaced)).await;
    changed.is_refused(400, "invalid_client_metadata");
}

async fn keys_that_prove_nothing_are_refused(backend: Backend) {
    let world = open(backend).await;
    let key = ClientKey::new("RS256", "mine");
    let with = |name: &str, value: Value| {
        let mut public = key.public.clone();
        public[name] = value;
        json!({"keys": [public]})
    };
    let set = ClientKey::set(&[&key]);
    let (signs, mac) = ("private_key_jwt", "client_secret_jwt");
    for (what, method, more) in [
        ("no keys", signs, json!({})),
        ("an empty set", signs, json!({"jwks": {"keys": []}})),
        ("keys for encryption", signs, json!({"jwks": with("use", json!("enc"))})),
        ("a key that is too short", signs, json!({"jwks": with("n", json!("x".repeat(171)))})),
        ("a private key", signs, json!({"jwks": with("d", json!("x"))})),
        ("a secret", signs, json!({"jwks": {"keys": [{"kty": "oct", "k": "x".repeat(43)}]}})),
        ("keys twice", signs, json!({"jwks": set, "jwks_uri": "https://shop.example/jwks"})),
        ("another algorithm", signs, json!({"jwks": set, "token_endpoint_auth_signing_alg": "ES256"})),
        ("a secret's algorithm", signs, json!({"jwks": set, "token_endpoint_auth_signing_alg": "HS256"})),
        ("no algorithm", signs, json!({"jwks": set, "token_endpoint_auth_signing_alg": "none"})),
        ("a key's algorithm", mac, json!({"token_endpoint_auth_signing_alg": "RS256"})),
        ("requests signed by no key", "client_secret_basic", json!({"request_object_signing_alg": "RS256"})),
        ("by another", "client_secret_basic", json!({"jwks": set, "request_object_signing_alg": "ES256"})),
        ("by a secret that is not kept", "client_secret_basic", json!({"request_object_signing_alg": "HS256"})),
        ("by what nobody knows", "client_secret_basic", json!({"jwks": set, "request_object_signing_alg": "RS1"})),
        ("requests elsewhere", "client_secret_basic", json!({"request_uris": ["https://else.example/r"]})),
        ("requests on http", "client_secret_basic", json!({"request_uris": ["http://shop.example/r"]})),
        ("a short key, for whatever", "client_secret_basic", json!({"jwks": with("n", json!("x".repeat(171)))})),
    ] {
        let mut metadata = shop_with(more);
        metadata["token_endpoint_auth_method"] = json!(method);
        let answer = ask(&world, None, &metadata).await;
        assert_eq!(answer.status, 400, "{what}: {answer:?}");
        answer.is_refused(400, "invalid_client_metadata");
    }
    assert_eq!(clients(&world).await, 0);
    let good = json!({
        "jwks": set, "request_object_signing_alg": "PS256",
        "request_uris": ["https://shop.example/r#one", "https://shop.example/r#two", "https://shop.example/r#one"],
    });
    let own = registered(&world, None, &shop_with(good)).await;
    assert_eq!(own.answer["request_object_signing_alg"], "PS256");
    assert_eq!(own.answer["request_uris"], json!(["https://shop.example/r#one", "https://shop.example/r#two"]));
}

//! Keys of clients: which can be used, for what, and which are tried.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use countersign::protocol::client_keys::{ClientAlgorithm, ClientKeys};
use proptest::prelude::*;
use serde_json::{Value, json};

fn number(bytes: usize) -> String {
    BASE64URL.encode(vec![0xff; bytes])
}

fn rsa(more: Value) -> Value {
    with(json!({"kty": "RSA", "n": number(256), "e": "AQAB"}), more)
}

fn ec(more: Value) -> Value {
    with(json!({"kty": "EC", "crv": "P-256", "x": number(32), "y": number(32)}), more)
}

fn with(mut key: Value, more: Value) -> Value {
    let Value::Object(more) = more else { panic!("members are wanted") };
    key.as_object_mut().unwrap().extend(more);
    key
}

fn registered(key: &Value) -> Result<bool, &'static str> {
    ClientKeys::registered(&json!({"keys": [key]})).map(|keys| !keys.is_empty())
}

#[test]
fn a_key_is_used_left_out_or_told_of() {
    let okp = json!({"kty": "OKP", "crv": "Ed25519", "x": number(32)});
    let (used, left_out): (Result<bool, ()>, _) = (Ok(true), Ok(false));
    let rows = [
        ("RSA", rsa(json!({})), used),
        ("RSA for signing", rsa(json!({"use": "sig", "alg": "PS256", "kid": "a", "key_ops": ["verify"]})), used),
        ("the longest RSA", rsa(json!({"n": number(1024)})), used),
        ("EC", ec(json!({"alg": "ES256"})), used),
        ("EC on P-384", ec(json!({"crv": "P-384", "x": number(48), "y": number(48)})), used),
        ("Ed25519", okp.clone(), used),
        ("unknown members", ec(json!({"x5c": ["a"], "use_by": 1})), used),
        ("for encryption", rsa(json!({"use": "enc"})), left_out),
        ("to encrypt", rsa(json!({"key_ops": ["encrypt", "wrapKey"]})), left_out),
        ("by an algorithm of encryption", rsa(json!({"alg": "RSA-OAEP"})), left_out),
        ("by an algorithm that nobody here verifies", ec(json!({"alg": "ES256K"})), left_out),
        ("on a curve that nobody here knows", ec(json!({"crv": "secp256k1"})), left_out),
        ("of a kind that nobody here knows", json!({"kty": "AKP", "pub": "x"}), left_out),
        ("no key at all", json!("key"), left_out),
        ("1024 bits", rsa(json!({"n": number(128)})), Err(())),
        ("2040 bits", rsa(json!({"n": number(255)})), Err(())),
        ("zeros in front", rsa(json!({"n": BASE64URL.encode([vec![0; 128], vec![0xff; 128]].concat())})), Err(())),
        ("too long", rsa(json!({"n": number(1025)})), Err(())),
        ("an exponent of one", rsa(json!({"e": "AQ"})), Err(())),
        ("an even exponent", rsa(json!({"e": "AQAC"})), Err(())),
        ("no exponent", rsa(json!({"e": ""})), Err(())),
        ("an exponent that is too long", rsa(json!({"e": number(5)})), Err(())),
        ("a member that is no text", rsa(json!({"e": 65537})), Err(())),
        ("a member that is not there", json!({"kty": "RSA", "n": number(256)}), Err(())),
        ("padding", rsa(json!({"n": format!("{}==", number(256))})), Err(())),
        ("a point that is too short", ec(json!({"x": number(31)})), Err(())),
        ("a point of another curve", ec(json!({"crv": "P-384"})), Err(())),
        ("a key of Ed448", with(okp.clone(), json!({"x": number(57)})), Err(())),
        ("an algorithm of another kind", ec(json!({"alg": "RS256"})), Err(())),
        ("an algorithm of another curve", ec(json!({"alg": "ES384"})), Err(())),
        ("an algorithm with a secret", rsa(json!({"alg": "HS256"})), Err(())),
        ("a private key", ec(json!({"d": number(32)})), Err(())),
        ("a secret", json!({"kty": "oct", "k": number(32)}), Err(())),
    ];
    for (what, key, expected) in rows {
        assert_eq!(registered(&key).map_err(drop), expected, "{what}");
        // A set that is found somewhere is read as far as it is good.
        let found = ClientKeys::found(&json!({"keys": [key, ec(json!({"kid": "good"}))]}));
        let usable = found.candidates(ClientAlgorithm::Es256, Some("good")).count();
        assert!(usable >= 1, "{what}");
    }
    for set in [json!({}), json!([]), json!({"keys": {}}), json!(null)] {
        assert!(ClientKeys::found(&set).is_empty() && ClientKeys::registered(&set).is_ok_and(|keys| keys.is_empty()));
    }
}

#[test]
fn a_signature_is_tried_by_the_keys_that_may_have_made_it() {
    use ClientAlgorithm::{EdDsa, Es256, Es384, Hs256, Ps256, Rs256, Rs512};
    let keys = json!({"keys": [
        rsa(json!({"kid": "a"})), rsa(json!({"kid": "b", "alg": "PS256"})), rsa(json!({})), ec(json!({"kid": "a"})),
    ]});
    let keys = ClientKeys::registered(&keys).unwrap();
    let rows = [
        (Rs256, Some("a"), 2),
        (Rs256, Some("b"), 1),
        (Rs512, None, 2),
        (Ps256, Some("b"), 2),
        (Ps256, None, 3),
        (Es256, Some("a"), 1),
        (Es256, Some("b"), 0),
        (Es384, None, 0),
        (EdDsa, None, 0),
        (Hs256, None, 0),
    ];
    for (algorithm, kid, expected) in rows {
        assert_eq!(keys.candidates(algorithm, kid).count(), expected, "{algorithm} {kid:?}");
        assert_eq!(keys.sign_by(algorithm), keys.candidates(algorithm, None).count() > 0, "{algorithm}");
    }
    let many: Vec<_> = (0..30).map(|_| rsa(json!({}))).collect();
    let many = ClientKeys::registered(&json!({"keys": many})).unwrap();
    assert_eq!(many.candidates(Rs256, None).count(), 4, "nobody is kept busy by keys without names");
}

proptest! {
    #[test]
    fn what_is_kept_reads_the_same(bits in 0..2000_usize, e in "[A-Za-z]{0,6}", kid in ".{0,8}", kty in "RSA|EC|OKP|oct") {
        let key = json!({"kty": kty, "n": number(bits), "e": e, "kid": kid, "crv": "P-256", "x": number(32), "y": "x"});
        let found = ClientKeys::found(&json!({"keys": [key]}));
        let printed = serde_json::to_value(&found).unwrap();
        prop_assert_eq!(serde_json::from_value::<ClientKeys>(printed).unwrap(), found);
    }
}

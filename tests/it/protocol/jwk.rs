//! Public keys and their thumbprints.

use countersign::protocol::jwk::{Algorithm, Jwk, JwkSet, KeyUse, PublicKey};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{text, vector};

const X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
const Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";

fn rsa() -> PublicKey {
    serde_json::from_value(vector("rfc7638-3.1")["jwk"].clone()).unwrap()
}

fn ec() -> PublicKey {
    PublicKey::Ec { crv: "P-256".to_owned(), x: X.to_owned(), y: Y.to_owned() }
}

fn okp() -> PublicKey {
    serde_json::from_value(vector("rfc8037-a")["jwk"].clone()).unwrap()
}

#[test]
fn the_thumbprints_of_the_rfcs() {
    for name in ["rfc7638-3.1", "rfc8037-a"] {
        let vector = vector(name);
        let key: PublicKey = serde_json::from_value(vector["jwk"].clone()).unwrap();
        assert_eq!(key.thumbprint(), text(&vector, "thumbprint"), "{name}");
    }
}

/// No RFC has an example, so the rule itself is written out.
#[test]
fn the_thumbprint_of_a_key_on_a_curve() {
    use base64::Engine;
    use sha2::Digest;
    let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{X}","y":"{Y}"}}"#);
    let expected = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(sha2::Sha256::digest(canonical));
    assert_eq!(ec().thumbprint(), expected);
}

#[test]
fn a_jwk_prints_its_public_members_and_reads_them_again() {
    for (key, alg) in [(rsa(), Algorithm::Rs256), (ec(), Algorithm::Es256), (okp(), Algorithm::EdDsa)] {
        let jwk = Jwk::signing(key, alg);
        assert_eq!(jwk.kid, jwk.key.thumbprint());
        let printed = serde_json::to_value(&jwk).unwrap();
        assert_eq!((&printed["use"], &printed["alg"]), (&json!("sig"), &json!(alg.as_str())));
        assert!(printed["kty"].is_string());
        assert_eq!(serde_json::from_value::<Jwk>(printed).unwrap(), jwk);
    }
}

#[test]
fn private_members_are_not_carried() {
    let mut jwk = serde_json::to_value(Jwk::signing(okp(), Algorithm::EdDsa)).unwrap();
    jwk["d"] = json!("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A");
    let read: Jwk = serde_json::from_value(jwk).unwrap();
    assert!(!serde_json::to_string(&read).unwrap().contains("nWGx"));
}

#[test]
fn a_key_fits_only_its_own_algorithm() {
    for (key, fitting) in [(rsa(), Algorithm::Rs256), (ec(), Algorithm::Es256), (okp(), Algorithm::EdDsa)] {
        for alg in Algorithm::ALL {
            assert_eq!(key.fits(*alg), *alg == fitting, "{key:?} {alg}");
        }
    }
    let for_agreement = PublicKey::Okp { crv: "X25519".to_owned(), x: X.to_owned() };
    assert!(!for_agreement.fits(Algorithm::EdDsa));
}

#[test]
fn a_set_leaves_out_what_this_server_cannot_use() {
    let good = serde_json::to_value(Jwk::signing(ec(), Algorithm::Es256)).unwrap();
    let changed = |member: &str, value: Value| {
        let mut key = good.clone();
        key[member] = value;
        key
    };
    let rows = [
        ("another kind", changed("kty", json!("oct"))),
        ("another curve", changed("crv", json!("P-384"))),
        ("another algorithm", changed("alg", json!("RS256"))),
        ("an unknown algorithm", changed("alg", json!("none"))),
        ("for encryption", changed("use", json!("enc"))),
        ("no kid", changed("kid", json!(null))),
        ("a short coordinate", changed("x", json!("AAAA"))),
        ("padding", changed("x", json!(format!("{X}=")))),
        ("not base64url", changed("y", json!("?"))),
        ("not an object", json!(7)),
    ];
    for (what, key) in rows {
        let set: JwkSet = serde_json::from_value(json!({ "keys": [key, good] })).unwrap();
        assert_eq!(set.keys, [Jwk::signing(ec(), Algorithm::Es256)], "{what}");
    }
    assert!(serde_json::from_value::<JwkSet>(json!({ "keys": {} })).is_err());
    assert!(serde_json::from_value::<JwkSet>(json!({})).is_err());
}

#[test]
fn an_rsa_key_under_2048_bits_does_not_fit() {
    let n = |bytes: usize| base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, vec![0xff; bytes]);
    let key = |bytes| PublicKey::Rsa { n: n(bytes), e: "AQAB".to_owned() };
    assert!(key(256).fits(Algorithm::Rs256) && key(512).fits(Algorithm::Rs256));
    assert!(!key(255).fits(Algorithm::Rs256) && !key(4096).fits(Algorithm::Rs256));
}

#[test]
fn algorithms_have_their_registered_names() {
    assert_eq!(Algorithm::ALL.iter().map(|alg| alg.as_str()).collect::<Vec<_>>(), ["RS256", "ES256", "EdDSA"]);
    assert_eq!("EdDSA".parse(), Ok(Algorithm::EdDsa));
    assert!("none".parse::<Algorithm>().is_err());
    assert_eq!(KeyUse::Sig.as_str(), "sig");
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>, crv in ".{0,8}", x in ".{0,50}|[A-Za-z0-9_-]{43}") {
        prop_assert!(serde_json::from_slice::<Jwk>(&bytes).is_err(), "random bytes are no key");
        let jwk = json!({"kty": "OKP", "crv": crv, "x": x, "kid": "k", "alg": "EdDSA", "use": "sig"});
        match serde_json::from_value::<Jwk>(jwk.clone()) {
            Ok(read) => prop_assert_eq!(serde_json::to_value(&read).unwrap(), jwk),
            Err(_) => {
                let set: JwkSet = serde_json::from_value(json!({ "keys": [jwk] })).unwrap();
                prop_assert_eq!(set.keys, vec![]);
            }
        }
    }

    #[test]
    fn a_thumbprint_tells_keys_apart_whatever_they_hold(a in ".{0,9}", b in ".{0,9}", c in ".{0,9}", d in ".{0,9}") {
        let key = |crv: &str, x: &str| PublicKey::Okp { crv: crv.to_owned(), x: x.to_owned() };
        let (one, other) = (key(&a, &b), key(&c, &d));
        prop_assert_eq!(one == other, one.thumbprint() == other.thumbprint());
    }
}

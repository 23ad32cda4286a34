//! JWS compact serialization.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use countersign::protocol::ErrorCode;
use countersign::protocol::jws::Compact;
use proptest::prelude::*;

use super::{code, text, vector};

fn token(header: &str) -> String {
    format!("{}.{}.c2ln", BASE64URL.encode(header), BASE64URL.encode("{}"))
}

#[test]
fn the_example_of_the_rfc_is_taken_apart() {
    let vector = vector("rfc7515-a2");
    let compact = Compact::parse(text(&vector, "token")).unwrap();
    assert_eq!((compact.header().alg.as_str(), &compact.header().kid, &compact.header().typ), ("RS256", &None, &None));
    assert_eq!(compact.payload(), text(&vector, "payload").as_bytes());
    assert!(text(&vector, "token").starts_with(&format!("{}.", compact.signing_input())));
}

/// The parts are the right ones: the signature of the example is over the signing input, under its key.
#[test]
fn the_signature_of_the_example_verifies() {
    use rsa::BigUint;
    use sha2::Digest;
    let sha256_prefix = [48, 49, 48, 13, 6, 9, 96, 134, 72, 1, 101, 3, 4, 2, 1, 5, 0, 4, 32];
    let vector = vector("rfc7515-a2");
    let number = |name| BigUint::from_bytes_be(&BASE64URL.decode(text(&vector["jwk"], name)).unwrap());
    let key = rsa::RsaPublicKey::new(number("n"), number("e")).unwrap();
    let compact = Compact::parse(text(&vector, "token")).unwrap();
    let verifies = |input: &str| {
        let digest = sha2::Sha256::digest(input);
        let padded = [&sha256_prefix[..], &digest[..]].concat();
        key.verify(rsa::Pkcs1v15Sign::new_unprefixed(), &padded, compact.signature()).is_ok()
    };
    assert!(verifies(compact.signing_input()));
    assert!(!verifies(&compact.signing_input()[1..]));
}

#[test]
fn the_header_of_an_access_token_is_read() {
    let token = token(r#"{"typ":"at+jwt","alg":"RS256","kid":"k1","jku":"https://evil.example","n":{"a":[1]}}"#);
    let header = Compact::parse(&token).unwrap().header().clone();
    assert_eq!(
        (header.alg.as_str(), header.kid.as_deref(), header.typ.as_deref()),
        ("RS256", Some("k1"), Some("at+jwt"))
    );
}

#[test]
fn a_header_is_refused() {
    let long_kid = format!(r#"{{"alg":"RS256","kid":"{}"}}"#, "k".repeat(257));
    let many = (0..33).map(|n| format!(r#""m{n}":0,"#)).collect::<String>();
    let many = format!(r#"{{{many}"alg":"RS256"}}"#);
    let rows = [
        ("no algorithm", r#"{"kid":"a"}"#),
        ("an algorithm that is no text", r#"{"alg":1}"#),
        ("crit", r#"{"alg":"RS256","crit":["exp"]}"#),
        ("b64", r#"{"alg":"RS256","b64":true}"#),
        ("a repeated algorithm", r#"{"alg":"RS256","alg":"none"}"#),
        ("a repeated algorithm in another spelling", r#"{"alg":"RS256","\u0061lg":"none"}"#),
        ("a repeated unknown member", r#"{"alg":"RS256","x":1,"x":1}"#),
        ("a kid that is no text", r#"{"alg":"RS256","kid":["a"]}"#),
        ("null", r#"{"alg":"RS256","kid":null}"#),
        ("a kid that is too long", &long_kid),
        ("too many members", &many),
        ("not an object", r#"["alg"]"#),
        ("something behind it", r#"{"alg":"RS256"}{}"#),
        ("not JSON", "alg"),
        ("empty", ""),
    ];
    for (what, header) in rows {
        assert_eq!(code(Compact::parse(&token(header)), header), Some(ErrorCode::InvalidToken), "{what}");
    }
}

#[test]
fn a_token_is_refused() {
    let good = token(r#"{"alg":"RS256"}"#);
    let (input, _) = good.rsplit_once('.').unwrap();
    let (header, _) = input.split_once('.').unwrap();
    assert!(Compact::parse(&good).is_ok());
    let rows = [
        ("empty", String::new()),
        ("one part", header.to_owned()),
        ("two parts", input.to_owned()),
        ("four parts", format!("{good}.e30")),
        ("five parts, as an encrypted one has", format!("{good}.e30.e30")),
        ("not signed", format!("{input}.")),
        ("padding", format!("{input}.c2lnMQ==")),
        ("loose bits", format!("{input}.c2lnMR")),
        ("base64 of the other alphabet", format!("{input}.+/+/")),
        ("a space", format!("{good} ")),
        ("a line break", format!("{input}.c2\nln")),
        ("not ASCII", format!("{input}.\u{e9}")),
    ];
    for (what, token) in rows {
        assert_eq!(code(Compact::parse(&token), &token), Some(ErrorCode::InvalidToken), "{what}");
    }
}

#[test]
fn sixteen_kibibytes_are_the_most() {
    let of_length = |length: usize| {
        let (before, after) = (BASE64URL.encode(r#"{"alg":"RS256"}"#), ".c2ln");
        format!("{before}.{}{after}", "A".repeat(length - before.len() - 1 - after.len()))
    };
    assert_eq!(of_length(16_384).len(), 16_384);
    let longest = (16_381..=16_384).filter(|length| Compact::parse(&of_length(*length)).is_ok()).count();
    assert!(longest >= 1, "a token of the greatest length is read");
    assert!((16_385..=16_388).all(|length| Compact::parse(&of_length(length)).is_err()));
}

#[test]
fn debug_prints_no_signature() {
    let token = token(r#"{"alg":"RS256"}"#);
    assert!(!format!("{:?}", Compact::parse(&token).unwrap()).contains("c2ln"));
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_and_what_was_read_prints_and_reads_the_same(
        text in ".*|[A-Za-z0-9_.=-]{0,60}",
        payload: Vec<u8>,
        signature in prop::collection::vec(any::<u8>(), 1..64),
    ) {
        prop_assert!(Compact::parse(&text).is_err(), "no text of this kind has a header");
        let header = BASE64URL.encode(r#"{"alg":"ES256"}"#);
        let token = format!("{header}.{}.{}", BASE64URL.encode(&payload), BASE64URL.encode(&signature));
        let compact = Compact::parse(&token).unwrap();
        prop_assert_eq!((compact.payload(), compact.signature()), (payload.as_slice(), signature.as_slice()));
        let printed = format!("{}.{}", compact.signing_input(), BASE64URL.encode(compact.signature()));
        prop_assert_eq!(printed, token);
    }

    #[test]
    fn any_header_is_read_or_refused(header in ".*|[{}\":,a-z]{0,30}", kid in "[^\"\\\\\\x00-\\x1f]{0,30}") {
        if let Err(fault) = Compact::parse(&token(&header)) {
            prop_assert_eq!(fault.code, ErrorCode::InvalidToken);
        }
        let token = token(&format!(r#"{{"alg":"RS256","kid":"{kid}"}}"#));
        let compact = Compact::parse(&token).unwrap();
        prop_assert_eq!(compact.header().kid.as_deref(), Some(kid.as_str()));
    }
}

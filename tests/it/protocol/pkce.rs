//! Proof key for code exchange.

use countersign::protocol::pkce::CodeChallenge;
use countersign::secret::Plain;

use super::parsed;

/// RFC 7636 appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

#[test]
fn the_example_of_the_rfc() {
    let challenge: CodeChallenge = CHALLENGE.parse().unwrap();
    assert!(challenge.is_met_by(&Plain::presented(VERIFIER)));
    let (short, long) = (&VERIFIER[..42], VERIFIER.repeat(3));
    for other in ["", CHALLENGE, short, long.as_str(), &VERIFIER.to_uppercase(), &format!("{VERIFIER} ")] {
        assert!(!challenge.is_met_by(&Plain::presented(other)), "{other}");
    }
}

#[test]
fn only_sha_256_is_taken() {
    for (query, is_taken) in [
        (format!("code_challenge={CHALLENGE}&code_challenge_method=S256"), true),
        (format!("code_challenge={CHALLENGE}&code_challenge_method=s256"), false),
        (format!("code_challenge={CHALLENGE}&code_challenge_method=plain"), false),
        (format!("code_challenge={CHALLENGE}"), false),
        ("code_challenge_method=S256".to_owned(), false),
        (format!("code_challenge={CHALLENGE}=&code_challenge_method=S256"), false),
        (format!("code_challenge={}*&code_challenge_method=S256", &CHALLENGE[..42]), false),
    ] {
        let taken = CodeChallenge::of(&parsed(&query));
        assert_eq!(matches!(taken, Ok(Some(_))), is_taken, "{query}");
        assert_eq!(taken.is_ok(), is_taken, "{query}");
    }
    assert_eq!(CodeChallenge::of(&parsed("state=a")), Ok(None));
}

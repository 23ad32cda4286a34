//! What an authorization request says, and how it is carried along and answered.

use countersign::protocol::ErrorCode;
use countersign::protocol::authorization::{Addressed, AuthorizationRequest, query, query_after_sign_in};
use countersign::secret::Plain;

use super::parsed;

const ADDRESS: &str = "client_id=c1&redirect_uri=https://app.example/cb";
const REST: &str =
    "response_type=code&code_challenge_method=S256&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

#[test]
fn an_answer_says_who_gives_it_and_what_was_sent_along() {
    let code = Plain::presented("cs_code_1");
    for (uri, mode, start) in [
        ("https://app.example/cb", "", "https://app.example/cb?code=cs_code_1"),
        ("https://app.example/cb?x=1", "query", "https://app.example/cb?x=1&code=cs_code_1"),
        ("https://app.example/cb?", "query", "https://app.example/cb?code=cs_code_1"),
        ("https://app.example/cb?x=1", "fragment", "https://app.example/cb?x=1#code=cs_code_1"),
        ("com.example.app:/cb", "", "com.example.app:/cb?code=cs_code_1"),
    ] {
        let text = format!("client_id=c1&redirect_uri={uri}&response_mode={mode}&state=a%26b+c%23");
        let addressed = Addressed::parse(&parsed(&text)).unwrap();
        let answer = addressed.with_code("https://id.example", &code);
        assert_eq!(answer, format!("{start}&state=a%26b+c%23&iss=https%3A%2F%2Fid.example"));
    }
    let addressed = Addressed::parse(&parsed(ADDRESS)).unwrap();
    let answer = addressed.with_error("https://id.example", ErrorCode::AccessDenied, "the \"user\" refused");
    let told = "error=access_denied&error_description=the+%27user%27+refused&iss=https%3A%2F%2Fid.example";
    assert_eq!(answer, format!("https://app.example/cb?{told}"));
}

#[test]
fn words_that_are_not_known_are_refused() {
    for (more, is_good) in [
        ("", true),
        ("&prompt=login+consent&max_age=0", true),
        ("&prompt=none", true),
        ("&prompt=none+consent", false),
        ("&prompt=Login", false),
        ("&max_age=+1", false),
        ("&max_age=%2B1", false),
        ("&max_age=99999999999", false),
        ("&response_mode=form_post", false),
        ("&unknown=1", true),
        ("&request=x", false),
    ] {
        let text = format!("{REST}{more}");
        assert_eq!(AuthorizationRequest::parse(&parsed(&text)).is_ok(), is_good, "{more}");
    }
    let long = format!("{REST}&state={}", "x".repeat(1025));
    assert!(AuthorizationRequest::parse(&parsed(&long)).is_err());
}

#[test]
fn a_request_is_carried_along_and_a_sign_in_is_asked_for_once() {
    let text = "client_id=c1&prompt=login+consent&max_age=0&state=a%26b&resource=urn%3Aa&resource=urn%3Ab&evil=1";
    let params = parsed(text);
    assert_eq!(query(&params), text.replace("&evil=1", ""));
    assert_eq!(
        query_after_sign_in(&params),
        "client_id=c1&prompt=consent&state=a%26b&resource=urn%3Aa&resource=urn%3Ab"
    );
    assert_eq!(query_after_sign_in(&parsed("client_id=c1&prompt=select_account")), "client_id=c1");
}

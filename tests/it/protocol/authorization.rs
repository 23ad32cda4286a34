//! What an authorization request says, and how it is carried along and answered.

use countersign::protocol::authorization::{
    Addressed, AuthorizationRequest, ResponseMode, Told, query, query_after_sign_in,
};
use countersign::protocol::{ErrorCode, Params};
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
        assert_eq!(answer, Told::Redirect(format!("{start}&state=a%26b+c%23&iss=https%3A%2F%2Fid.example")));
    }
    let addressed = Addressed::parse(&parsed(ADDRESS)).unwrap();
    let answer = addressed.with_error("https://id.example", ErrorCode::AccessDenied, "the \"user\" refused");
    let told = "error=access_denied&error_description=the+%27user%27+refused&iss=https%3A%2F%2Fid.example";
    assert_eq!(answer, Told::Redirect(format!("https://app.example/cb?{told}")));
    let addressed = Addressed::parse(&parsed(&format!("{ADDRESS}?x=1&response_mode=form_post&state=a%26b"))).unwrap();
    let fields = [("code", "cs_code_1"), ("state", "a&b"), ("iss", "https://id.example")];
    let fields = fields.map(|(name, value)| (name, value.to_owned())).to_vec();
    assert_eq!(addressed.with_code("https://id.example", &code), Told::Form(fields));
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
        ("&response_mode=form_post", true),
        ("&response_mode=web_message", false),
        ("&prompt=create", true),
        ("&prompt=none+create", false),
        ("&prompt=none+select_account", false),
        ("&display=popup&ui_locales=fr-CA+fr&acr_values=1+2", true),
        ("&claims=%7B%22userinfo%22%3A%7B%22email%22%3Anull%7D%7D", true),
        ("&claims=email", false),
        ("&unknown=1", true),
        ("&request=x&request_uri=y", true),
    ] {
        let text = format!("{REST}{more}");
        assert_eq!(AuthorizationRequest::parse(&parsed(&text)).is_ok(), is_good, "{more}");
    }
    for (name, longest) in [("state", 1024), ("id_token_hint", 4096)] {
        let of_length = |length: usize| format!("{REST}&{name}={}", "x".repeat(length));
        assert!(AuthorizationRequest::parse(&parsed(&of_length(longest))).is_ok(), "{name}");
        assert!(AuthorizationRequest::parse(&parsed(&of_length(longest + 1))).is_err(), "{name}");
    }
}

#[test]
fn a_request_is_carried_along_and_a_sign_in_is_asked_for_once() {
    let text =
        "client_id=c1&prompt=login+consent&max_age=0&state=a%26b&resource=urn%3Aa&resource=urn%3Ab&evil=1&request=x";
    let params = parsed(text);
    assert_eq!(query(&params), text.replace("&evil=1&request=x", ""));
    assert_eq!(
        query_after_sign_in(&params),
        "client_id=c1&prompt=consent&state=a%26b&resource=urn%3Aa&resource=urn%3Ab&signed_in=1"
    );
    for prompt in ["select_account", "create", "login"] {
        let text = format!("client_id=c1&prompt={prompt}&signed_in=yes&ui_locales=fr");
        assert_eq!(query_after_sign_in(&parsed(&text)), "client_id=c1&ui_locales=fr&signed_in=1");
    }
}

#[test]
fn what_is_repeated_is_told_to_the_client_unless_it_is_its_address() {
    let read = |text: &str| Params::parse_with_doubles(text.as_bytes()).unwrap();
    for twice in ["client_id=c2", "redirect_uri=https://evil.example/", "client_id=c1"] {
        assert!(Addressed::parse(&read(&format!("{ADDRESS}&{twice}"))).is_err(), "{twice}");
    }
    for twice in ["state=a&state=a", "nonce=a&nonce=b", "response_mode=query&response_mode=fragment", "x=1&x=2"] {
        let params = read(&format!("{ADDRESS}&{REST}&{twice}"));
        let addressed = Addressed::parse(&params).unwrap();
        assert_eq!((addressed.state, addressed.mode), (None, ResponseMode::Query), "{twice}");
        let fault = AuthorizationRequest::parse(&params).unwrap_err();
        assert!(fault.code == ErrorCode::InvalidRequest && fault.about.contains("more than once"), "{fault}");
        assert_eq!(params.doubled(), Some(fault), "{twice}");
    }
    assert!(read("resource=urn%3Aa&resource=urn%3Ab&state=&state=a").doubled().is_none());
}

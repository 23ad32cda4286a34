//! Authorization requests (RFC 6749 §4.1.1, OpenID Connect Core §3.1.2.1).
#![no_main]

use countersign::protocol::authorization::{Addressed, AuthorizationRequest, Told, query, query_after_sign_in};
use countersign::protocol::{ErrorCode, Params};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let Ok(params) = Params::parse_with_doubles(text) else { return };
    let carried = query(&params);
    let again = Params::parse_with_doubles(carried.as_bytes()).expect("what was carried along is read");
    assert_eq!(query(&again), carried);
    let request = AuthorizationRequest::parse(&params);
    // What nobody knows is not carried along, however often it is there.
    if params.doubled().is_none() {
        assert_eq!(AuthorizationRequest::parse(&again), request);
    }
    if request.is_ok() {
        let after = query_after_sign_in(&params);
        let after = Params::parse(after.as_bytes()).expect("nothing is there twice");
        let after = AuthorizationRequest::parse(&after).expect("it is still good");
        assert!(after.signed_in && !after.prompt.login && !after.prompt.create && after.max_age.is_none());
    }
    let Ok(addressed) = Addressed::parse(&params) else { return };
    match addressed.with_error("https://id.example", ErrorCode::InvalidRequest, "about") {
        Told::Redirect(location) => assert!(location.starts_with(addressed.redirect_uri.as_str())),
        Told::Form(fields) => assert!(fields.contains(&("iss", "https://id.example".to_owned()))),
    }
});

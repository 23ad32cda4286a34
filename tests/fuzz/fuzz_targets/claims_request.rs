//! The parameter `claims` (OpenID Connect Core §5.5).
#![no_main]

use countersign::protocol::claims_request::ClaimsRequest;
use countersign::protocol::userinfo;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(request) = ClaimsRequest::parse(text) else { return };
    let again = ClaimsRequest::stored(request.to_store().as_deref());
    assert_eq!((&again.userinfo, &again.id_token), (&request.userinfo, &request.id_token));
    assert!(again.userinfo.iter().chain(&again.id_token).all(|name| userinfo::names().any(|known| known == name)));
});

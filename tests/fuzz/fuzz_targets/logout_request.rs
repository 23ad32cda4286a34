//! Requests to log out (OpenID Connect RP-Initiated Logout 1.0 §2).
#![no_main]

use countersign::protocol::Params;
use countersign::protocol::logout::{LogoutRequest, location, query};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let Ok(params) = Params::parse(text) else { return };
    let carried = query(&params);
    let again = Params::parse(carried.as_bytes()).expect("what was carried along is read");
    assert_eq!(query(&again), carried);
    let request = LogoutRequest::parse(&params);
    assert_eq!(LogoutRequest::parse(&again), request, "all that matters is carried along");
    let Ok(LogoutRequest { post_logout_redirect_uri: Some(uri), state, .. }) = request else { return };
    let back = location(&uri, state.as_deref());
    let added = back.strip_prefix(uri.as_str()).expect("it leads back there and nowhere else");
    // The state is one more parameter, and nothing else.
    let read: Vec<_> = url::form_urlencoded::parse(added.trim_start_matches(['?', '&']).as_bytes()).collect();
    let said: Vec<_> = read.iter().map(|(name, value)| (&**name, &**value)).collect();
    let expected: Vec<_> = state.as_deref().map(|state| ("state", state)).into_iter().collect();
    assert_eq!(said, expected);
});

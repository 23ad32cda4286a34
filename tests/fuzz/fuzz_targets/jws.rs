//! Signed tokens (RFC 7515 §7.1).
#![no_main]

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign::protocol::jws::Compact;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    if let Ok(token) = std::str::from_utf8(input) {
        taken_apart(token);
    }
    // The input as the header of a token, so that the fuzzer need not learn base64.
    taken_apart(&format!("{}.e30.c2ln", URL_SAFE_NO_PAD.encode(input)));
});

fn taken_apart(token: &str) {
    let Ok(compact) = Compact::parse(token) else { return };
    assert!(compact.header().kid.as_ref().is_none_or(|kid| kid.len() <= 256));
    let signature = URL_SAFE_NO_PAD.encode(compact.signature());
    assert_eq!(format!("{}.{signature}", compact.signing_input()), token);
    let (_, payload) = compact.signing_input().split_once('.').expect("a signing input has two parts");
    assert_eq!(URL_SAFE_NO_PAD.encode(compact.payload()), payload);
}

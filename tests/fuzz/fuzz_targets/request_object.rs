//! Request objects (RFC 9101), and the queries that they become.
#![no_main]

use countersign::protocol::params::Params;
use countersign::protocol::request_object::RequestObject;
use countersign::time::UnixTime;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, &[u8])| {
    let (text, beside) = input;
    let Ok(object) = RequestObject::parse(text) else { return };
    let _ = object.is_current(UnixTime::from_seconds(1_700_000_000));
    let Ok(beside) = Params::parse(beside) else { return };
    if object.check("client", "https://id.example").is_ok()
        && let Ok(query) = object.with(&beside)
    {
        assert!(Params::parse_with_doubles(query.as_bytes()).is_ok());
    }
});

//! Forms (RFC 6749 appendix B).
#![no_main]

use countersign::protocol::Params;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let Ok(params) = Params::parse(body) else {
        let longer = [body, b"&z=1"].concat();
        assert!(Params::parse(&longer).is_err());
        return;
    };
    let pairs: Vec<_> = params.iter().collect();
    let printed = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
    let again = Params::parse(printed.as_bytes()).expect("what was printed is read");
    assert_eq!(again.iter().collect::<Vec<_>>(), pairs);
});

//! Public keys (RFC 7517 §4 and §5).
#![no_main]

use countersign::protocol::jwk::JwkSet;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|json: &[u8]| {
    let Ok(set) = serde_json::from_slice::<JwkSet>(json) else { return };
    for jwk in &set.keys {
        assert!(jwk.key.fits(jwk.alg));
        assert_eq!(jwk.key.thumbprint().len(), 43);
    }
    let printed = serde_json::to_vec(&set).expect("a set can be printed");
    assert_eq!(serde_json::from_slice::<JwkSet>(&printed).expect("what was printed is read"), set);
});

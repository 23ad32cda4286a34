//! Bearer tokens (RFC 6750 §2.1).
#![no_main]

use countersign::protocol::bearer;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|header: &[u8]| {
    let behind_the_scheme = [b"Bearer ", header].concat();
    for header in [header, &behind_the_scheme] {
        let Ok(token) = bearer::token(header) else { continue };
        assert!(token.bytes().all(|byte| byte.is_ascii_graphic()));
        assert_eq!(bearer::token(format!("Bearer {token}").as_bytes()).expect("what was printed is read"), token);
    }
});

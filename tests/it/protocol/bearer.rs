//! Bearer tokens and the challenge.

use countersign::protocol::ErrorCode;
use countersign::protocol::bearer::{challenge, token};
use proptest::prelude::*;

use super::code;

#[test]
fn a_header_is_read_or_refused() {
    let rows: [(&str, &[u8], Result<&str, ErrorCode>); 16] = [
        ("the example of the RFC", b"Bearer mF_9.B5f-4.1JqM", Ok("mF_9.B5f-4.1JqM")),
        ("every kind of character", b"Bearer aZ09-._~+/==", Ok("aZ09-._~+/==")),
        ("the scheme has no case", b"bEARER abc", Ok("abc")),
        ("more spaces", b"Bearer   abc ", Ok("abc")),
        ("empty", b"", Err(ErrorCode::InvalidToken)),
        ("another scheme", b"Basic abc", Err(ErrorCode::InvalidToken)),
        ("a scheme that begins like it", b"Bearerabc", Err(ErrorCode::InvalidToken)),
        ("no token", b"Bearer", Err(ErrorCode::InvalidRequest)),
        ("only a space", b"Bearer ", Err(ErrorCode::InvalidRequest)),
        ("only padding", b"Bearer ==", Err(ErrorCode::InvalidRequest)),
        ("padding at the start", b"Bearer =ab", Err(ErrorCode::InvalidRequest)),
        ("padding in the middle", b"Bearer a=b", Err(ErrorCode::InvalidRequest)),
        ("two tokens", b"Bearer abc def", Err(ErrorCode::InvalidRequest)),
        ("a comma", b"Bearer abc,def", Err(ErrorCode::InvalidRequest)),
        ("not UTF-8", b"Bearer \xff", Err(ErrorCode::InvalidRequest)),
        ("not ASCII", "Bearer \u{e9}".as_bytes(), Err(ErrorCode::InvalidRequest)),
    ];
    for (what, header, expected) in rows {
        assert_eq!(token(header).map_err(|fault| fault.code), expected, "{what}");
    }
    assert_eq!(code(token(b"Bearer hunter2hunter2!"), "hunter2hunter2!"), Some(ErrorCode::InvalidRequest));
}

#[test]
fn a_challenge_says_what_was_wrong() {
    assert_eq!(challenge(None, None), r#"Bearer realm="countersign""#);
    assert_eq!(
        challenge(Some(ErrorCode::InsufficientScope), Some("a b")),
        r#"Bearer realm="countersign", error="insufficient_scope", scope="a b""#
    );
    assert_eq!(challenge(None, Some("a\"\r\nb")), r#"Bearer realm="countersign", scope="a'??b""#);
}

proptest! {
    #[test]
    fn any_header_is_read_or_refused_and_what_was_read_reads_the_same(header: Vec<u8>, rest in "[!-~ ]{0,20}") {
        for header in [header, format!("Bearer {rest}").into_bytes()] {
            match token(&header) {
                Ok(read) => {
                    let printed = format!("Bearer {read}");
                    prop_assert_eq!(token(printed.as_bytes()), Ok(read));
                }
                Err(_) => prop_assert!(token(&[header.as_slice(), b" "].concat()).is_err()),
            }
        }
    }
}

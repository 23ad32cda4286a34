//! The members of a body.

use countersign::protocol::members::{FieldFaults, Members, Patch};
use countersign::protocol::scope::ScopeName;
use countersign::protocol::{ErrorCode, Fault};
use countersign::secret::{ClientSecret, Plain};
use proptest::prelude::*;
use zeroize::Zeroizing;

use super::code;

fn json(text: &str) -> Result<Members, Fault> {
    Members::from_json(Zeroizing::new(text.as_bytes().to_vec()))
}

fn members(text: &str) -> Members {
    json(text).unwrap_or_else(|fault| panic!("{text}: {fault}"))
}

/// The fields that are at fault.
fn fields(result: Result<(), FieldFaults>) -> Vec<String> {
    result.err().map_or_else(Vec::new, |faults| faults.0.into_iter().map(|fault| fault.field).collect())
}

#[test]
fn a_body_is_one_object() {
    let deep = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
    let many =
        |count: usize| format!("{{{}}}", (0..count).map(|n| format!("\"m{n}\":1")).collect::<Vec<_>>().join(","));
    let rows: [(&str, &str, bool); 30] = [
        ("an empty object", "{}", true),
        ("space around it", " \r\n\t{} ", true),
        ("every kind of value", r#"{"a":null,"b":true,"c":-1,"d":1.5,"e":"x","f":[1],"g":{"h":1}}"#, true),
        ("escapes", r#"{"\u0061":"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"}"#, true),
        ("as deep as may be", &deep(7), true),
        ("deeper", &deep(8), false),
        ("as deep as a stack", &deep(20_000), false),
        ("as many members as may be", &many(256), true),
        ("one more", &many(257), false),
        ("nothing", "", false),
        ("a list", "[]", false),
        ("a text", "\"a\"", false),
        ("null", "null", false),
        ("half an object", "{\"a\":1", false),
        ("more than an object", "{}{}", false),
        ("a comma too many", "{\"a\":1,}", false),
        ("a comment", "{/* a */}", false),
        ("single quotes", "{'a':1}", false),
        ("a name without quotes", "{a:1}", false),
        ("a byte order mark", "\u{feff}{}", false),
        ("a member twice", r#"{"a":1,"a":1}"#, false),
        ("a member twice, once escaped", r#"{"a":1,"\u0061":1}"#, false),
        ("a member twice inside", r#"{"a":{"b":1,"b":1}}"#, false),
        ("NUL in a text", r#"{"a":"\u0000"}"#, false),
        ("NUL in a name", r#"{"\u0000":1}"#, false),
        ("NUL inside", r#"{"a":[{"b":"x\u0000"}]}"#, false),
        ("half a surrogate pair", r#"{"a":"\ud83d"}"#, false),
        ("a raw line break", "{\"a\":\"\n\"}", false),
        ("a number that is none", r#"{"a":NaN}"#, false),
        ("a number without end", r#"{"a":1e999}"#, false),
    ];
    for (what, text, good) in rows {
        let result = json(text);
        assert_eq!(result.is_ok(), good, "{what}: {result:?}");
        assert!(good || code(result, text) == Some(ErrorCode::InvalidRequest), "{what}");
    }
    assert!(Members::from_json(Zeroizing::new(b"{\"a\":\"\xff\"}".to_vec())).is_err());
}

#[test]
fn all_faults_are_told_at_once_and_no_value_is() {
    let mut body = members(r#"{"username":7,"email":"hunter2\u0007","roles":["admin"],"password":true,"age":"12"}"#);
    assert_eq!(body.text("username"), "");
    assert_eq!(body.optional_text("email"), None);
    let _: Plain<ClientSecret> = body.secret("password");
    assert_eq!(body.optional_number("age"), None);
    assert_eq!(body.text("name"), "");
    let faults = body.finish().expect_err("faults");
    let said = serde_json::to_string(&faults.0).unwrap();
    assert_eq!(
        fields(Err(faults)),
        ["username", "email", "password", "age", "name", "roles"],
        "in the order in which they were found"
    );
    assert!(!said.contains("hunter2") && !said.contains("admin") && !said.contains("12"), "{said}");
}

#[test]
fn nothing_is_converted() {
    for (value, text, flag, number, texts, document) in [
        ("\"1\"", true, false, false, false, false),
        ("\"\"", true, false, false, false, false),
        ("true", false, true, false, false, false),
        ("1", false, false, true, false, false),
        ("1.0", false, false, false, false, false),
        ("9223372036854775808", false, false, false, false, false),
        ("[]", false, false, false, true, false),
        ("[\"a\",1]", false, false, false, false, false),
        ("{}", false, false, false, false, true),
    ] {
        let body = || members(&format!("{{\"a\":{value}}}"));
        let mut bodies = [body(), body(), body(), body(), body()];
        let [one, two, three, four, five] = &mut bodies;
        let read = [
            one.optional_text("a").is_some(),
            two.optional_flag("a").is_some(),
            three.optional_number("a").is_some(),
            four.optional_texts("a").is_some(),
            matches!(five.nullable_document("a"), Patch::Set(_)),
        ];
        assert_eq!(read, [text, flag, number, texts, document], "{value}");
        for (mut body, read) in bodies.into_iter().zip(read) {
            assert_eq!(body.finish().is_ok(), read, "{value}");
        }
    }
}

#[test]
fn what_is_left_out_is_not_what_is_null() {
    let mut body = members(r#"{"cleared":null,"set":"x"}"#);
    assert_eq!(body.nullable_text("kept"), Patch::Keep);
    assert_eq!(body.nullable_text("cleared"), Patch::Clear);
    assert_eq!(body.nullable_text("set"), Patch::Set("x".to_owned()));
    assert!(body.finish().is_ok());
    let before = || Some(1);
    assert_eq!(
        (Patch::Keep.over(before()), Patch::Clear.over(before()), Patch::Set(2).over(before())),
        (before(), None, Some(2))
    );
    let mut body = members(r#"{"a":null}"#);
    assert_eq!(body.optional_text("a"), None);
    assert_eq!(body.text("a"), "", "a member is taken once");
    assert_eq!(fields(body.finish()), ["a"]);
}

#[test]
fn a_text_says_something_in_one_line() {
    for (text, good) in [("x", true), ("é ß", true), ("", false), ("a\nb", false), ("\u{85}", false)] {
        let mut body = members(&serde_json::json!({"a": text}).to_string());
        body.text("a");
        assert_eq!(body.finish().is_ok(), good, "{text:?}");
    }
    for (length, good) in [(1024, true), (1025, false)] {
        let mut body = members(&serde_json::json!({"a": "x".repeat(length)}).to_string());
        assert_eq!(body.text("a").len(), if good { length } else { 0 });
        assert_eq!(body.finish().is_ok(), good, "{length}");
    }
}

#[test]
fn a_grammar_speaks_for_itself() {
    let mut body = members(r#"{"good":"a:read","bad":"a read"}"#);
    let good = body.parsed::<ScopeName>("good");
    assert!(body.parsed::<ScopeName>("bad").is_none() && body.optional_parsed::<ScopeName>("gone").is_none());
    assert!(body.parsed::<ScopeName>("missing").is_none());
    assert_eq!(fields(body.finish_with(good.clone()).map(|_| ())), ["bad", "missing"]);
    assert_eq!(body.finish_with(good).map(|name| name.to_string()), Ok("a:read".to_owned()), "faults are told once");
}

#[test]
fn only_what_looks_like_a_name_is_repeated() {
    let long = "x".repeat(65);
    let mut body = members(&serde_json::json!({"roles": 1, "my secret": 1, "é": 1, "": 1, long: 1}).to_string());
    body.ignore("nothing");
    assert_eq!(fields(body.finish()), ["roles", "?", "?", "?", "?"]);
    let mut body = members(r#"{"grant_type":"password"}"#);
    body.ignore("grant_type");
    assert!(body.finish().is_ok());
}

#[test]
fn a_form_says_the_same() {
    let form = |text: &str| Members::from_form(Zeroizing::new(text.as_bytes().to_vec()));
    let mut body = form("username=a+b&password=%22x%5C&roles=admin").unwrap();
    assert_eq!(body.text("username"), "a b");
    assert_eq!(body.secret::<ClientSecret>("password").reveal(), "\"x\\");
    assert_eq!(fields(body.finish()), ["roles"]);
    for bad in ["a=1&a=2", "resource=1&resource=2", "a=%4", "a=%00", "=1"] {
        assert_eq!(code(form(bad), bad), Some(ErrorCode::InvalidRequest), "{bad}");
    }
}

#[test]
fn a_body_is_printed_without_its_values() {
    let body = members(r#"{"password":"hunter2"}"#);
    assert_eq!(format!("{body:?}"), "[\"password\"]");
    assert_eq!(body.source(), br#"{"password":"hunter2"}"#);
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
        let _ = Members::from_json(Zeroizing::new(bytes.clone()));
        let _ = Members::from_form(Zeroizing::new(bytes));
    }

    #[test]
    fn a_document_comes_back_as_it_was(names in proptest::collection::btree_set("[a-z]{1,8}", 0..8), text in "[^\0]{0,64}") {
        let document: serde_json::Map<_, _> = names.into_iter().map(|name| (name, text.clone().into())).collect();
        let mut body = members(&serde_json::json!({"profile": document}).to_string());
        prop_assert_eq!(body.nullable_document("profile"), Patch::Set(document.into()));
        prop_assert!(body.finish().is_ok());
    }
}

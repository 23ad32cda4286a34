//! What may be imported: known kinds, well written, below the ceilings.

use countersign::config;
use countersign::passwords::Passwords;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::kinds::WRITTEN_ELSEWHERE;
use super::{passwords, settings};

fn refusal(passwords: &Passwords, text: &str) -> String {
    passwords.import(text).expect_err(text)
}

const SALT: &str = "c2FsdHNhbHRzYWx0c2FsdA";
const HASH: &str = "08SGGcDJOWTOHrI9opI1oxYYPVyI3Xbz6vQjWzSpV7w";

#[test]
fn parameters_above_a_ceiling_are_refused_in_words() {
    let settings = config::Passwords { max_memory_kib: 65_536, max_milliseconds: 500, ..settings() };
    let passwords = Passwords::open(&settings);
    let bcrypt = |cost: &str| format!("$2b${cost}$qbNcTI9TglrEj6JDtVB9OewSRcMj6JUqazhg9dkw6MlF.JpcA2VHS");
    let phc = |beginning: &str| format!("${beginning}${SALT}${HASH}");
    for (fits, text) in [
        (true, phc("argon2id$v=19$m=65536,t=3,p=4")),
        (false, phc("argon2id$v=19$m=65537,t=3,p=4")),
        (false, phc("argon2id$v=19$m=4294967295,t=1,p=1")),
        (true, phc("scrypt$ln=15,r=8,p=1")),
        (false, phc("scrypt$ln=16,r=8,p=1")),
        (false, phc("scrypt$ln=4,r=4294967295,p=1")),
        (false, phc("scrypt$ln=4,r=8,p=4294967295")),
        (false, phc("scrypt$ln=31,r=4294967295,p=4294967295")),
    ] {
        let found = passwords.import(&text).map(|_| ());
        assert_eq!(found.is_ok(), fits, "{text}");
        let named = |why: String| assert!(why.contains("KiB") && why.contains("passwords.max_memory_kib"), "{why}");
        found.unwrap_or_else(named);
    }
    for (fits, text) in [
        (true, phc("argon2id$v=19$m=32768,t=10,p=1")),
        (false, phc("argon2id$v=19$m=32768,t=100,p=1")),
        (false, phc("argon2id$v=19$m=32768,t=4294967295,p=1")),
        (true, bcrypt("12")),
        (false, bcrypt("14")),
        (false, bcrypt("31")),
        (true, phc("pbkdf2-sha256$i=600000")),
        (false, phc("pbkdf2-sha256$i=6000000")),
        (false, phc("pbkdf2-sha512$i=4294967295")),
        (false, phc("scrypt$ln=14,r=8,p=16")),
    ] {
        let found = passwords.import(&text).map(|_| ());
        assert_eq!(found.is_ok(), fits, "{text}");
        let named = |why: String| assert!(why.contains(" ms ") && why.contains("passwords.max_milliseconds"), "{why}");
        found.unwrap_or_else(named);
    }
}

#[test]
fn what_is_of_no_known_kind_is_refused() {
    let passwords = passwords();
    for text in [
        "",
        "$",
        "$$$$",
        "password",
        "$1$saltsalt$abcdefghijklmnopqrstuv",
        "$2$04$qbNcTI9TglrEj6JDtVB9OewSRcMj6JUqazhg9dkw6MlF.JpcA2VHS",
        "$2x$04$qbNcTI9TglrEj6JDtVB9OewSRcMj6JUqazhg9dkw6MlF.JpcA2VHS",
        "$6$saltsalt$abc",
        "$pbkdf2$29$LaU05hwDQOj9v/e.17o3Rg$wmx9XgC.RZkjuaaQqL6XMKTsOnM",
        "$pbkdf2-sha1$i=1000$c2FsdHNhbHRzYWx0c2FsdA$31ltvuXrbs8POP2F4tw9851NSNQCQpm0sCwu2eEvId8",
        " $2b$04$qbNcTI9TglrEj6JDtVB9OewSRcMj6JUqazhg9dkw6MlF.JpcA2VHS",
        "ARGON2ID",
    ] {
        let why = refusal(&passwords, text);
        assert!(why.starts_with("is of no known kind"), "{text}: {why}");
    }
}

#[test]
fn what_is_badly_written_is_refused() {
    let passwords = passwords();
    let phc = |beginning: &str| format!("${beginning}${SALT}${HASH}");
    let rows = [
        ("no version but an empty one", phc("argon2id$v=$m=64,t=2,p=1")),
        ("a version that there never was", phc("argon2id$v=18$m=64,t=2,p=1")),
        ("no memory", phc("argon2id$v=19$m=0,t=2,p=1")),
        ("no pass", phc("argon2id$v=19$m=64,t=0,p=1")),
        ("no lane", phc("argon2id$v=19$m=64,t=2,p=0")),
        ("less memory than lanes need", phc("argon2id$v=19$m=64,t=2,p=9")),
        ("a parameter is missing", phc("argon2id$v=19$m=64,t=2")),
        ("a parameter too many", phc("argon2id$v=19$m=64,t=2,p=1,keyid=abcd")),
        ("a parameter twice", phc("argon2id$v=19$m=64,m=128,t=2,p=1")),
        ("a negative number", phc("argon2id$v=19$m=-64,t=2,p=1")),
        ("a number beyond bounds", phc("argon2id$v=19$m=4294967296,t=2,p=1")),
        ("no hash", format!("$argon2id$v=19$m=64,t=2,p=1${SALT}")),
        ("an empty hash", format!("$argon2id$v=19$m=64,t=2,p=1${SALT}$")),
        ("a short hash", format!("$argon2id$v=19$m=64,t=2,p=1${SALT}$c2hvcnRzaG9ydHNo")),
        ("an empty salt", format!("$argon2id$v=19$m=64,t=2,p=1$${HASH}")),
        ("something after it", format!("{}$more", phc("argon2id$v=19$m=64,t=2,p=1"))),
        ("padding", format!("{}=", phc("argon2id$v=19$m=64,t=2,p=1"))),
        ("a cost of one digit", "$2b$4$qbNcTI9TglrEj6JDtVB9OewSRcMj6JUqazhg9dkw6MlF.JpcA2VHS".to_owned()),
        ("a cost too small", "$2b$03$qbNcTI9TglrEj6JDtVB9OewSRcMj6JUqazhg9dkw6MlF.JpcA2VHS".to_owned()),
        ("a cost too great", "$2b$32$qbNcTI9TglrEj6JDtVB9OewSRcMj6JUqazhg9dkw6MlF.JpcA2VHS".to_owned()),
        ("a cost with a sign", "$2b$+4$qbNcTI9TglrEj6JDtVB9OewSRcMj6JUqazhg9dkw6MlF.JpcA2VHS".to_owned()),
        ("a letter is missing", "$2b$04$qbNcTI9TglrEj6JDtVB9OewSRcMj6JUqazhg9dkw6MlF.JpcA2VH".to_owned()),
        ("a letter too many", "$2b$04$qbNcTI9TglrEj6JDtVB9OewSRcMj6JUqazhg9dkw6MlF.JpcA2VHSS".to_owned()),
        ("a foreign letter", "$2b$04$qbNcTI9TglrEj6JDtVB9Oe+SRcMj6JUqazhg9dkw6MlF.JpcA2VHS".to_owned()),
        ("cut within a letter", "$2b$04$qbNcTI9TglrEj6JDtVB9\u{20ac}wSRcMj6JUqazhg9dkw6MlF.JpcA2VH".to_owned()),
        ("no round", phc("pbkdf2-sha256$i=0")),
        ("rounds with a sign", phc("pbkdf2-sha256$+29")),
        ("no rounds", phc("pbkdf2-sha256$")),
        ("another digest", format!("pbkdf2_sha1$1000$NaClNaCl${HASH}=")),
        ("no padding where there is some", format!("pbkdf2_sha256$1000$NaClNaCl${HASH}")),
        ("no salt", format!("pbkdf2_sha256$1000$${HASH}=")),
        ("a version where there is none", phc("scrypt$v=19$ln=4,r=8,p=1")),
        ("no memory", phc("scrypt$ln=0,r=8,p=1")),
        ("no block", phc("scrypt$ln=4,r=0,p=1")),
        ("too much memory to count", phc("scrypt$ln=64,r=8,p=1")),
        ("too long", format!("pbkdf2_sha256$1000${}${HASH}=", "s".repeat(500))),
    ];
    for (what, text) in rows {
        let why = refusal(&passwords, &text);
        assert!(why.starts_with("cannot be read"), "{what}: {why}");
    }
}

proptest! {
    #[test]
    fn no_text_ends_the_import(text in "\\PC{0,80}") {
        let _ = passwords().import(&text);
    }

    /// Near what can be read, where the mistakes of a parser are.
    #[test]
    fn no_change_of_a_good_text_ends_the_import(
        (_, text) in select(&WRITTEN_ELSEWHERE[..]),
        changes in prop::collection::vec((any::<Index>(), "[$,=.+/a-z0-9]{0,3}"), 1..4),
    ) {
        let mut text = text.to_owned();
        for (at, with) in changes {
            let at = at.index(text.len());
            text.replace_range(at..=at, &with);
            prop_assume!(!text.is_empty());
        }
        let passwords = passwords();
        if let Ok(stored) = passwords.import(&text) {
            prop_assert_ne!(stored.kind(), "unknown");
            // Every kind that can be stored can be told to the dummy.
            passwords.set_kinds_present(vec![stored.kind()]);
        }
    }

    #[test]
    fn no_kind_ends_the_server(kinds in prop::collection::vec("(bcrypt|scrypt|argon2id|pbkdf2-sha256)?[$a-z0-9,=]{0,20}", 0..4)) {
        passwords().set_kinds_present(kinds);
    }
}

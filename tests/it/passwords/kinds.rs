//! Every kind of stored password: what other programs wrote is verified here, and replaced when it is not of our own kind.

use countersign::config;
use countersign::passwords::{Passwords, Verdict};
use countersign::secret::PasswordHash;

use super::{RIGHT, passwords, plain, settings, verdict};

/// Written by argon2-cffi, bcrypt, passlib and hashlib of Python.
pub const WRITTEN_ELSEWHERE: [(&str, &str); 16] = [
    (
        "argon2id$m=64,t=2,p=1",
        "$argon2id$v=19$m=64,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$08SGGcDJOWTOHrI9opI1oxYYPVyI3Xbz6vQjWzSpV7w",
    ),
    (
        "argon2i$m=64,t=2,p=1",
        "$argon2i$v=19$m=64,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$srLNsQDd94mkFUV7I1nVxTmZBq5k1EiH1MJKIJ+j0A4",
    ),
    (
        "argon2d$m=64,t=2,p=1",
        "$argon2d$v=19$m=64,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$igE8uO7oewEHvjPyWt4y+0QX8B3Jie0SRQeqxrMVgFA",
    ),
    ("argon2id$m=128,t=3,p=4", "$argon2id$v=19$m=128,t=3,p=4$c2FsdHNhbHRzYWx0c2FsdA$UylyzB3uhCFSx2Q2d6O3qg"),
    (
        "argon2i$v=16$m=64,t=2,p=1",
        "$argon2i$v=16$m=64,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$yG0oksu3LIyfVuqzWy7M/wjauW2YrJfDY+RxZl/x0Z4",
    ),
    (
        "argon2i$v=16$m=64,t=2,p=1",
        "$argon2i$m=64,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$yG0oksu3LIyfVuqzWy7M/wjauW2YrJfDY+RxZl/x0Z4",
    ),
    ("bcrypt$4", "$2a$04$VYKhWtn6PvvC0X9b8BF1nejfsmUxRUG6fzxE4wUXUxsLMcPizj8pu"),
    ("bcrypt$4", "$2b$04$qbNcTI9TglrEj6JDtVB9OewSRcMj6JUqazhg9dkw6MlF.JpcA2VHS"),
    ("bcrypt$5", "$2y$05$LHVlqGdruBP5kC9JJZEL8OOK2OuBTrUJA7pSuOXeXrwTk.tm5uFVi"),
    ("pbkdf2-sha256$29", "$pbkdf2-sha256$29$LaU05hwDQOj9v/e.17o3Rg$wmx9XgC.RZkjuaaQqL6XMKTsOnMNgNQwHAlvwLDLZ5E"),
    (
        "pbkdf2-sha512$29",
        "$pbkdf2-sha512$29$bS1FyNlby9k7BwBgrPV.zw$ZrPrtKYUZs3CRizkZpfaPYAWHcTlhKYkRVKh.dy8weWOCS4mJCLpJhuZlL82SXAJGuwiM7/pgHN72YUPh6QrMQ",
    ),
    ("pbkdf2-sha256$1000", "$pbkdf2-sha256$i=1000$c2FsdHNhbHRzYWx0c2FsdA$31ltvuXrbs8POP2F4tw9851NSNQCQpm0sCwu2eEvId8"),
    (
        "pbkdf2-sha512$1000",
        "$pbkdf2-sha512$i=1000$c2FsdHNhbHRzYWx0c2FsdA$ORxvnPF08mmTltUf/WSLS8FZ3yYanqBrD+km4rpMr07F2ze7/s1VLAjm+ry9RrSLc7aA5i7XxlkTGvDGO5vcpw",
    ),
    ("pbkdf2-sha256$1000", "pbkdf2_sha256$1000$NaClNaCl$aL8faYLlOIYvjBdHgF8PW53zGZbEIqsbz4mWkSSqsyM="),
    ("scrypt$ln=4,r=8,p=1", "$scrypt$ln=4,r=8,p=1$c2FsdHNhbHRzYWx0c2FsdA$jkBzE6t+3YTzAuQ1ol2ZxJUOk0akIbgat0w+kf21AT0"),
    ("scrypt$ln=5,r=4,p=2", "$scrypt$ln=5,r=4,p=2$3huj9J4TAqA05rx3rlVKKQ$YKVR1IFbQul0OoAo9BQNSgo0KQ9shtT1IT5REtofzxI"),
];

/// Eighty characters, of which bcrypt sees seventy-two.
const LONG: &str = "01234567890123456789012345678901234567890123456789012345678901234567890123456789";
const LONG_BCRYPT: &str = "$2b$04$08uqSJGM/7zUJ4RPfOC13eA71lO.F8UjCiYDYgvN.XSd3TngCKK5G";

#[tokio::test]
async fn what_other_programs_wrote_is_verified_and_should_be_replaced() {
    let passwords = passwords();
    for (kind, text) in WRITTEN_ELSEWHERE {
        let stored = passwords.import(text).unwrap();
        assert_eq!(stored.as_str(), text);
        assert_eq!(stored.kind(), kind, "{text}");
        assert_eq!(verdict(&passwords, RIGHT, &stored).await, Verdict::Right { outdated: true }, "{text}");
        for wrong in ["correct horse battery stapl", "Correct horse battery staple", ""] {
            assert_eq!(verdict(&passwords, wrong, &stored).await, Verdict::Wrong, "{wrong:?} {text}");
        }
    }
}

#[tokio::test]
async fn a_long_output_of_pbkdf2_counts_by_its_first_digest() {
    let passwords = passwords();
    let text = "$pbkdf2-sha256$i=1000$c2FsdHNhbHRzYWx0c2FsdA$31ltvuXrbs8POP2F4tw9851NSNQCQpm0sCwu2eEvId9Q5DKLhVaRJcjXTH6gOa35JkMQ1KsuQ0N0VSrmYu3DPw";
    let stored = passwords.import(text).unwrap();
    assert_eq!(verdict(&passwords, RIGHT, &stored).await, Verdict::Right { outdated: true });
    assert_eq!(verdict(&passwords, "another", &stored).await, Verdict::Wrong);
}

#[tokio::test]
async fn bcrypt_sees_the_first_72_bytes_and_no_password_with_a_nul() {
    let passwords = passwords();
    let long = passwords.import(LONG_BCRYPT).unwrap();
    let right = Verdict::Right { outdated: true };
    assert_eq!(verdict(&passwords, LONG, &long).await, right);
    assert_eq!(verdict(&passwords, &LONG[..72], &long).await, right);
    assert_eq!(verdict(&passwords, &LONG[..71], &long).await, Verdict::Wrong);
    let short = passwords.import(WRITTEN_ELSEWHERE[7].1).unwrap();
    assert_eq!(short.kind(), "bcrypt$4");
    for with_nul in [format!("{RIGHT}\0"), format!("{RIGHT}\0and more"), format!("\0{RIGHT}"), "\0".to_owned()] {
        assert_eq!(verdict(&passwords, &with_nul, &short).await, Verdict::Wrong, "{with_nul:?}");
    }
}

#[tokio::test]
async fn a_new_password_is_of_our_own_kind_and_never_stored_twice_alike() {
    let passwords = passwords();
    let stored = passwords.hash(&plain(RIGHT)).await.unwrap();
    assert!(stored.as_str().starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{}", stored.as_str());
    assert_eq!(stored.kind(), "argon2id$m=64,t=1,p=1");
    assert_eq!(format!("{stored:?}"), "[hash]");
    assert_eq!(verdict(&passwords, RIGHT, &stored).await, Verdict::Right { outdated: false });
    assert_eq!(verdict(&passwords, "another", &stored).await, Verdict::Wrong);
    let again = passwords.hash(&plain(RIGHT)).await.unwrap();
    assert_ne!(stored.as_str(), again.as_str());
    // What is written here can be brought back.
    assert_eq!(passwords.import(stored.as_str()).unwrap().as_str(), stored.as_str());
}

#[tokio::test]
async fn other_settings_make_a_password_outdated() {
    let stored = passwords().hash(&plain(RIGHT)).await.unwrap();
    for (what, settings) in [
        ("memory", config::Passwords { memory_kib: 128, ..settings() }),
        ("passes", config::Passwords { passes: 2, ..settings() }),
        ("lanes", config::Passwords { lanes: 2, ..settings() }),
    ] {
        let passwords = Passwords::open(&settings);
        assert_eq!(verdict(&passwords, RIGHT, &stored).await, Verdict::Right { outdated: true }, "{what}");
    }
}

/// A ceiling that was lowered, or a row that something else wrote.
#[tokio::test]
async fn nothing_is_right_for_a_stored_text_that_cannot_be_computed() {
    let roomy = Passwords::open(&config::Passwords { memory_kib: 256, ..settings() });
    let large = roomy.hash(&plain(RIGHT)).await.unwrap();
    let narrow = Passwords::open(&config::Passwords { max_memory_kib: 255, ..settings() });
    assert_eq!(verdict(&narrow, RIGHT, &large).await, Verdict::Wrong);
    assert_eq!(verdict(&roomy, RIGHT, &large).await, Verdict::Right { outdated: false });
    for text in ["", RIGHT, "$argon2id$v=19$m=64,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$", "$2b$04$"] {
        let stored = PasswordHash::stored(text.to_owned());
        assert_eq!(stored.kind(), "unknown", "{text}");
        assert_eq!(verdict(&narrow, RIGHT, &stored).await, Verdict::Wrong, "{text}");
        assert_eq!(verdict(&narrow, text, &stored).await, Verdict::Wrong, "{text}");
    }
}

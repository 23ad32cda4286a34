//! Which passwords people may choose.

use countersign::accounts::policy;
use countersign::config;

use super::plain;

const NAMES: [&str; 6] = ["Julia.Schmidt", "jsch@example.org", "Julia", "Schmidt-Ott", "Bo", "\u{c4}nne"];

const SHORT: &str = "A password has at least 8 bytes.";
const LONG: &str = "A password has at most 1024 bytes.";
const NAMED: &str = "The password contains a name of yours.";
const COMMON: &str = "This is one of the most common passwords.";

fn faults(settings: &config::Passwords, password: &str) -> Vec<String> {
    let faults = policy::check(settings, &plain(password), &NAMES).err().unwrap_or_default();
    faults.into_iter().map(Into::into).collect()
}

#[test]
fn each_rule_speaks_for_itself_and_all_speak_at_once() {
    let (longest, too_long) = ("x1".repeat(512), "x1".repeat(513));
    let rows: [(&str, &[&str]); 24] = [
        ("Tr0ub4dor&3", &[]),
        ("ein ganzer Satz", &[]),
        ("\u{43a}\u{43e}\u{448}\u{43a}\u{430}\u{438}\u{441}\u{43e}", &[]),
        ("8 bytes.", &[]),
        ("7 bytes", &[SHORT]),
        ("", &[SHORT]),
        (&longest, &[]),
        (&too_long, &[LONG]),
        ("julia.schmidt", &[NAMED]),
        ("xxJULIAxx", &[NAMED]),
        ("my-schmidt-ott!", &[NAMED]),
        ("schmidtundsohn", &[]),
        ("jsch@example.org", &[NAMED]),
        ("jsch rules all", &[NAMED]),
        ("example.org", &[]),
        ("bobobobobob", &[]),
        ("die \u{e4}nne vom Hof", &[NAMED]),
        ("anne vom Hof", &[]),
        ("password", &[COMMON]),
        ("PassWord1", &[COMMON]),
        ("password and more", &[]),
        ("dragon", &[SHORT, COMMON]),
        ("julia", &[SHORT, NAMED, COMMON]),
        ("Julia", &[SHORT, NAMED, COMMON]),
    ];
    for (password, expected) in rows {
        assert_eq!(faults(&config::Passwords::default(), password), expected, "{password}");
    }
}

#[test]
fn settings_change_the_rules() {
    let settings = config::Passwords {
        min_length: 12,
        max_length: 64,
        classes: 3,
        refuse_common: false,
        ..config::Passwords::default()
    };
    let classes =
        "A password has characters of at least 3 kinds out of small letters, capital letters, digits and others.";
    let short = "A password has at least 12 bytes.";
    let long = "A password has at most 64 bytes.";
    let sixty_five = "aB3".repeat(22);
    let rows: [(&str, &[&str]); 8] = [
        ("password", &[short, classes]),
        ("passwordpassword", &[classes]),
        ("Passwordpassword", &[classes]),
        ("Passwordpassword1", &[]),
        ("Passwordpassword!", &[]),
        ("password password1", &[]),
        ("\u{c4}nderung der \u{d6}l\u{f6}fen", &[]),
        (&sixty_five, &[long]),
    ];
    for (password, expected) in rows {
        assert_eq!(faults(&settings, password), expected, "{password}");
    }
}

#[test]
fn every_one_of_the_most_common_passwords_is_found_and_no_other() {
    let settings = config::Passwords::default();
    let text = include_str!("../../../src/accounts/common_passwords.txt");
    let all: Vec<_> = text.lines().collect();
    assert!(all.len() > 10_000, "{}", all.len());
    assert!(all.is_sorted_by(|one, next| one.as_bytes() < next.as_bytes()), "they are looked up by halves");
    let is_common = |password: &str| {
        let faults = policy::check(&settings, &plain(password), &[]).err().unwrap_or_default();
        faults.iter().any(|fault| fault == COMMON)
    };
    for password in &all {
        assert_eq!(*password, password.to_lowercase());
        assert!(is_common(password) && is_common(&password.to_uppercase()), "{password}");
        for other in [format!("{password}\u{1}"), format!("{password}\n"), format!("\n{password}")] {
            assert!(!is_common(&other), "{other:?}");
        }
    }
    assert!(!is_common("") && !is_common("\n") && !is_common("~~~~~~~~~~~~~~~~~"));
}

//! What letters say: the built-in templates, those of an operator, and what people called themselves.

use std::fs;

use countersign::config::{Config, Sender};
use countersign::mail::{Letter, Link, Mail, Reason};
use countersign::time::UnixTime;
use tempfile::TempDir;

use crate::contract::NOW;

fn config() -> Config {
    let mut config = Config::default();
    config.issuer = "https://id.example.com/a".parse().expect("an issuer");
    config.mail.sender = Some(Sender { name: Some("Example & Sons".to_owned()), address: "id@example.com".to_owned() });
    config
}

fn mail() -> Mail {
    Mail::open(&config()).expect("the built-in templates")
}

fn link() -> Link {
    Link::to(&config().issuer, "/verify-email?a=1&b=2")
}

fn verify(name: &str) -> Letter {
    Letter::VerifyEmail { name: Some(name.to_owned()), link: link(), lives_seconds: 3_600 }
}

/// With these files in place of the built-in ones.
fn with_templates(files: &[(&str, &str)]) -> Result<Mail, String> {
    let folder = TempDir::new().expect("a folder");
    for (name, text) in files {
        fs::write(folder.path().join(name), text).expect("a file");
    }
    let mut config = config();
    config.mail.templates = Some(folder.path().to_owned());
    Mail::open(&config).map_err(|error| error.to_string())
}

#[test]
fn every_letter_says_who_writes_and_why_and_where_to_go() {
    let (name, at) = (Some("Ada Lovelace".to_owned()), UnixTime::from_seconds(1_800_000_000));
    let address = Some([192, 0, 2, 1].into());
    for (letter, subject, words) in [
        (verify("Ada Lovelace"), "Confirm your email address for Example & Sons", "for 1 hour"),
        (
            Letter::ResetPassword { name: name.clone(), link: link(), lives_seconds: 1_800 },
            "Choose a new password for Example & Sons",
            "for 30 minutes",
        ),
        (
            Letter::EmailTaken { name: name.clone(), link: link() },
            "You already have an account at Example & Sons",
            "Somebody tried to register",
        ),
        (
            Letter::PasswordChanged { name: name.clone(), link: link(), at, address },
            "Your password for Example & Sons was changed",
            "changed on 2027-01-15 08:00 UTC, from the address 192.0.2.1",
        ),
        (
            Letter::EmailChanged { name: name.clone(), link: link(), at, address },
            "Your email address for Example & Sons was changed",
            "since 2027-01-15 08:00 UTC; it was changed from the address 192.0.2.1",
        ),
        (
            Letter::ProviderLinked { name: name.clone(), link: link(), provider: "Corp".to_owned(), at, address },
            "A new way to sign in to Example & Sons",
            "with Corp, too, since 2027-01-15 08:00 UTC; it was linked from the address 192.0.2.1",
        ),
        (
            Letter::ProviderUnlinked { name, link: link(), provider: "Corp".to_owned(), at, address },
            "A way to sign in to Example & Sons was removed",
            "with Corp any more since 2027-01-15 08:00 UTC; it was removed from the address 192.0.2.1",
        ),
    ] {
        let letter = mail().compose(&letter, "ada@example.org").expect("a letter");
        assert_eq!((letter.subject.as_str(), letter.to.as_str()), (subject, "ada@example.org"));
        for (part, link, service) in [
            (&letter.text, "https://id.example.com/a/verify-email?a=1&b=2", "Example & Sons, https"),
            (&letter.html, "https://id.example.com/a/verify-email?a=1&amp;b=2", "Example &amp; Sons"),
        ] {
            let missing = [link, service, "Hello Ada Lovelace,", "You receive this message because"];
            let missing = missing.into_iter().find(|text| !part.contains(text));
            assert_eq!(missing, None, "{part}");
            assert!(part.to_lowercase().contains(&words.to_lowercase()), "{words}: {part}");
            assert!(!part.contains("{{") && !part.contains("{%"), "{part}");
        }
        assert!(format!("{letter:?}").len() < 20, "a letter is not printed: {letter:?}");
    }
    let printed = format!("{:?}", verify("Ada"));
    assert!(!printed.contains("verify-email?"), "{printed}");
}

#[test]
fn lifetimes_are_told_in_words() {
    for (seconds, words) in [
        (1, "1 minute"),
        (60, "1 minute"),
        (900, "15 minutes"),
        (3_600, "1 hour"),
        (86_400, "24 hours"),
        (172_800, "2 days"),
        (604_800, "7 days"),
    ] {
        let letter = Letter::ResetPassword { name: None, link: link(), lives_seconds: seconds };
        let letter = mail().compose(&letter, "ada@example.org").expect("a letter");
        assert!(letter.text.contains(&format!("once, for {words}.")), "{}", letter.text);
        assert!(letter.text.contains("Hello,\n"), "nobody is greeted by no name");
    }
}

#[test]
fn names_are_escaped_where_they_are_markup() {
    let letter = mail().compose(&verify("<b>Ada</b> & \"Co\""), "ada@example.org").expect("a letter");
    assert!(!letter.html.contains("<b>Ada"), "{}", letter.html);
    // A slash makes it no name at all; what is left of markup without one is text.
    let letter = mail().compose(&verify("<b> & \"Co\""), "ada@example.org").expect("a letter");
    assert!(letter.html.contains("Hello &lt;b&gt; &amp; &quot;Co&quot;,"), "{}", letter.html);
    assert!(letter.text.contains("Hello <b> & \"Co\","), "{}", letter.text);
}

/// A stranger's address is registered, and the name is the advertisement.
#[test]
fn a_name_that_is_a_message_is_not_said() {
    let long = "a".repeat(61);
    for name in [
        "You won: https://evil.example",
        "visit evil.example now",
        "www.evil.example",
        "win@evil.example",
        "evil.example/x",
        long.as_str(),
        " \u{202e} ",
        "\u{0}",
    ] {
        let letter = mail().compose(&verify(name), "ada@example.org").expect("a letter");
        for part in [&letter.text, &letter.html] {
            assert!(part.contains("Hello,") && !part.contains("evil") && !part.contains(&long), "{name:?}: {part}");
        }
    }
    for name in ["Ada", "Dr. Ada King", "J. R. R. Tolkien", "Jean-Luc O'Neill, Jr.", "李小龍", "Ada\r\nBcc: x", "Ł. Ó."]
    {
        let letter = mail().compose(&verify(name), "ada@example.org").expect("a letter");
        let said = letter.text.contains(&format!("Hello {name},"));
        assert_eq!(said, !name.contains('\n'), "{name:?}: {}", letter.text);
    }
}

#[tokio::test]
async fn nothing_that_people_enter_becomes_a_header() {
    let folder = TempDir::new().expect("a folder");
    let templates = TempDir::new().expect("a folder");
    fs::write(templates.path().join("verify_email.txt"), "To {{ name }}\n\n{{ link }}\n").expect("a file");
    let mut config = config();
    config.development = Some(true);
    config.mail.directory = folder.path().join("mail");
    config.mail.templates = Some(templates.path().to_owned());
    let mail = Mail::open(&config).expect("templates");
    for (number, name) in ["Ada\r\nBcc- x", "Ada\nX-Evil- 1", "Ada\u{2028}X", "Ä\r\n\r\nbody"].into_iter().enumerate()
    {
        let letter = mail.compose(&verify(name), "ada@example.org").expect("a letter");
        assert!(!letter.subject.contains(['\r', '\n']), "{:?}", letter.subject);
        mail.send(&format!("letter-{number}"), &letter, NOW).await.expect("it is written");
    }
    for to in ["a@b.example\r\nBcc: x@y.example", "a b@c.example", "<a@b.example>, c@d.example", "", "a@b.example\n"] {
        let letter = mail.compose(&verify("Ada"), to).expect("a letter");
        let refused = mail.send("refused", &letter, NOW).await.expect_err(to);
        assert_eq!(refused.reason, Reason::BadAddress, "{to:?}");
    }
    let known = ["from", "to", "subject", "date", "message-id", "auto-submitted", "mime-version", "content-type"];
    let mut seen = 0;
    for entry in fs::read_dir(folder.path().join("mail")).expect("a folder") {
        let text = fs::read_to_string(entry.expect("an entry").path()).expect("a letter");
        let head = text.split("\r\n\r\n").next().expect("a head");
        for line in head.lines().filter(|line| !line.starts_with([' ', '\t'])) {
            let name = line.split(':').next().expect("a name").to_lowercase();
            assert!(known.contains(&name.as_str()), "{line:?}: {head}");
        }
        assert_eq!(head.lines().filter(|line| line.starts_with("To:")).count(), 1, "{head}");
        seen += 1;
    }
    assert_eq!(seen, 4);
}

#[test]
fn an_operator_replaces_templates_file_by_file() {
    let mail = with_templates(&[("verify_email.txt", "Welcome\nGo to {{ link }}\n"), ("notes.md", "not a template")]);
    let mail = mail.expect("templates");
    let letter = mail.compose(&verify("Ada"), "ada@example.org").expect("a letter");
    assert_eq!(letter.subject, "Welcome");
    assert_eq!(letter.text, "Go to https://id.example.com/a/verify-email?a=1&b=2\n");
    assert!(letter.html.contains("Confirm your email address"), "the other part is as it was");
    let elsewhere = "Welcome\nhttps://shop.example/confirm?token={{ link|split(\"a=\")|last }}\n";
    let mail = with_templates(&[("verify_email.txt", elsewhere), ("verify_email.html", elsewhere)]).expect("templates");
    let letter = mail.compose(&verify("Ada"), "ada@example.org").expect("a letter");
    assert_eq!(letter.text, "https://shop.example/confirm?token=1&b=2\n", "as the page on operations says");
    assert!(letter.html.ends_with("?token=1&amp;b=2"), "{}", letter.html);
    let layout = "{% block title %}{% endblock %}|{% block body %}{% endblock %}|{{ name }}";
    let mail = with_templates(&[("layout.html", layout)]).expect("templates");
    let letter = mail.compose(&verify("<Ada>"), "ada@example.org").expect("a letter");
    assert!(letter.html.starts_with("Confirm your email address|") && letter.html.ends_with("|&lt;Ada&gt;"));
}

#[test]
fn a_template_that_cannot_be_used_is_found_at_once() {
    for (name, text, about) in [
        ("verify_email.txt", "Hello\n{{ name", "verify_email.txt"),
        ("reset_password.html", "{% block x %}", "reset_password.html"),
        ("password_changed.txt", "Hello\n{{ lives }}", "undefined"),
        ("email_taken.html", "{% extends \"nothing.html\" %}", "nothing.html"),
        ("email_taken.txt", "\nno subject", "needs a subject"),
        ("verify_email.txt", "only a subject", "a text below"),
        ("verify_mail.txt", "Hello\nthere", "verify_mail.txt is no template"),
    ] {
        let said = with_templates(&[(name, text)]).err().unwrap_or_else(|| panic!("{name}: {text}"));
        assert!(said.contains(about), "{about}: {said}");
    }
    let mut config = config();
    config.mail.templates = Some("there/is/no/such/folder".into());
    assert!(Mail::open(&config).is_err_and(|error| error.to_string().contains("there/is/no/such/folder")));
}

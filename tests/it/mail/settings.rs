//! The settings of mail, by their own names and those that everybody uses.

use countersign::config::{Config, Encryption, Sources};
use countersign::mail::Mail;

fn load(environment: &[(&str, &str)]) -> Result<Config, String> {
    let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Config::load(&Sources { environment, ..Sources::default() }).map_err(|faults| faults.to_string())
}

const HOST: (&str, &str) = ("SMTP_HOST", "smtp.example.com");
const SENDER: (&str, &str) = ("SMTP_SENDER_EMAIL", "Example ID <id@example.com>");

#[test]
fn the_names_that_everybody_uses_work() {
    let config = load(&[
        HOST,
        SENDER,
        ("SMTP_PORT", "2525"),
        ("SMTP_USER", "me"),
        ("SMTP_PASSWORD", "hunter2-hunter2"),
        ("SMTP_USE_TLS", "true"),
        ("SMTP_TIMEOUT", "7"),
    ])
    .expect("they fit together");
    let mail = &config.mail;
    assert_eq!((mail.host.as_deref(), mail.user.as_deref()), (Some("smtp.example.com"), Some("me")));
    assert_eq!(mail.password.as_ref().map(|password| password.reveal()), Some("hunter2-hunter2"));
    assert_eq!((mail.security(), mail.timeout_seconds), ((2525, Encryption::StartTls), 7));
    let sender = mail.sender.clone().expect("a sender");
    assert_eq!((sender.name.as_deref(), sender.address.as_str()), (Some("Example ID"), "id@example.com"));
    assert!(config.show().iter().all(|shown| !shown.value.contains("hunter2")));
}

#[test]
fn encryption_is_what_was_asked_for_and_never_less() {
    for (given, expected) in [
        (&[][..], (587, Encryption::StartTls)),
        (&[("SMTP_PORT", "465")][..], (465, Encryption::Tls)),
        (&[("SMTP_PORT", "25")][..], (25, Encryption::StartTls)),
        (&[("SMTP_USE_TLS", "true"), ("SMTP_PORT", "465")][..], (465, Encryption::Tls)),
        (&[("SMTP_USE_TLS", "tls")][..], (465, Encryption::Tls)),
        (&[("SMTP_USE_TLS", "false")][..], (25, Encryption::None)),
        (&[("COUNTERSIGN_MAIL__ENCRYPTION", "none"), ("SMTP_PORT", "1025")][..], (1025, Encryption::None)),
        (&[("COUNTERSIGN_MAIL__ENCRYPTION", "starttls"), ("SMTP_PORT", "465")][..], (465, Encryption::StartTls)),
    ] {
        let config = load(&[&[HOST, SENDER], given].concat()).expect("they fit together");
        assert_eq!(config.mail.security(), expected, "{given:?}");
    }
}

#[test]
fn what_does_not_fit_together_is_refused() {
    for (given, about) in [
        (&[HOST][..], "mail.sender"),
        (&[HOST, SENDER, ("SMTP_USER", "me")][..], "needs mail.password"),
        (&[HOST, SENDER, ("SMTP_PASSWORD", "hunter2-hunter2")][..], "needs mail.user"),
        (&[HOST, SENDER, ("SMTP_USE_TLS", "false"), ("COUNTERSIGN_MAIL__TLS_CA", "x")][..], "mail.tls_ca"),
        (&[HOST, ("SMTP_SENDER_EMAIL", "nobody")][..], "its address is none"),
        (&[HOST, ("SMTP_SENDER_EMAIL", "A <a@b>, c@d")][..], "its address is none"),
        (&[HOST, ("SMTP_SENDER_EMAIL", "a@b\nBcc: c@d")][..], "it must be one line"),
        (&[("SMTP_HOST", "a b")][..], "mail.host"),
        (&[HOST, SENDER, ("SMTP_USE_TLS", "perhaps")][..], "mail.encryption"),
    ] {
        let said = load(given).err().unwrap_or_else(|| panic!("{given:?}"));
        assert!(said.contains(about) && !said.contains("hunter2"), "{about}: {said}");
    }
}

#[test]
fn a_password_in_the_clear_is_noticed() {
    let login = [SENDER, ("SMTP_USER", "me"), ("SMTP_PASSWORD", "hunter2-hunter2")];
    for (host, encryption, clear) in [
        ("smtp.example.com", "none", true),
        ("smtp.example.com", "auto", false),
        ("localhost", "none", false),
        ("127.0.0.1", "none", false),
    ] {
        let given = [("SMTP_HOST", host), ("SMTP_USE_TLS", encryption)];
        let config = load(&[&login[..], &given].concat()).expect("they fit together");
        assert_eq!(config.mail.talks_in_clear(), clear, "{host} {encryption}");
    }
}

#[test]
fn what_only_shows_when_it_is_used_is_found_at_the_start() {
    let mut config = load(&[HOST, SENDER]).expect("they fit together");
    assert!(Mail::open(&config).is_ok_and(|mail| mail.delivers() && mail.way().contains("smtp.example.com:587")));
    config.mail.tls_ca = Some("no/such/file.pem".into());
    assert!(Mail::open(&config).is_err_and(|error| error.to_string().contains("no/such/file.pem")));
    let mut config = load(&[HOST, ("SMTP_SENDER_EMAIL", "a..b@example..com")]).expect("nearly an address");
    assert!(Mail::open(&config).is_err_and(|error| error.to_string().contains("mail.sender")));
    config.mail.host = None;
    config.mail.sender = None;
    config.development = Some(false);
    assert!(Mail::open(&config).is_ok_and(|mail| !mail.delivers()));
}

//! Letters on their way, when all is well or comes to be.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use countersign::config::Encryption;
use countersign::store::outbox::{CLAIM_SECONDS, Delivery};

use super::{count, counted, counts, post, world};
use crate::harness::{A_WHILE, Backend, Mailbox, Manner, logs, stories, within};

stories![
    a_letter_arrives_over_either_kind_of_tls,
    two_nodes_deliver_each_letter_once,
    what_a_fallen_node_held_is_delivered_by_another,
    a_letter_whose_arrival_was_not_confirmed_comes_twice_and_says_so,
    a_connection_is_used_again_and_given_up_when_it_broke,
    without_a_server_development_writes_to_a_folder,
    without_a_server_mail_waits,
];

async fn a_letter_arrives_over_either_kind_of_tls(backend: Backend) {
    for encryption in [Encryption::StartTls, Encryption::Tls] {
        let mailbox = Mailbox::start_with(encryption).await;
        let world = world(backend, &mailbox).await;
        let (id, link) = post(&world, "ada@example.org").await;
        let letter = mailbox.letter_to("ada@example.org").await;
        assert!(letter.encrypted && letter.authenticated, "{letter:?}");
        assert_eq!(letter.sender, "id@example.com");
        assert_eq!(letter.header("from"), "Example ID <id@example.com>");
        assert_eq!(letter.header("to"), "ada@example.org");
        assert_eq!(letter.subject(), "Confirm your email address for Example ID");
        assert_eq!(letter.header("message-id"), format!("<{id}@localhost>"));
        assert_eq!(letter.header("auto-submitted"), "auto-generated");
        assert!(letter.header("date").contains(" 20"), "{letter:?}");
        assert_eq!(letter.link(), link);
        counts(&world, 0, 0).await;
        assert_eq!(counted(&world, "countersign_mail_sent_total").await, 1);
    }
}

async fn two_nodes_deliver_each_letter_once(backend: Backend) {
    let mailbox = Mailbox::start().await;
    let world = world(backend, &mailbox).await;
    let other = world.another_node().await;
    for number in 0..24 {
        post(if number % 2 == 0 { &world } else { &other }, &format!("number-{number}@example.org")).await;
    }
    within(A_WHILE, "all of them arrive", async || mailbox.letters().len() >= 24).await;
    counts(&world, 0, 0).await;
    for number in 0..24 {
        mailbox.letter_to(&format!("number-{number}@example.org")).await;
    }
    let mut sent = 0;
    for node in [&*world, &other] {
        sent += counted(node, "countersign_mail_sent_total").await;
    }
    assert_eq!(sent, 24);
}

async fn what_a_fallen_node_held_is_delivered_by_another(backend: Backend) {
    let mailbox = Mailbox::start().await;
    let world = world(backend, &mailbox).await;
    world.stop_jobs().await;
    post(&world, "ada@example.org").await;
    let now = world.clock.now();
    let held = world.app.store.claim_outbox(Delivery::Mail, "the fallen".to_owned(), 1, now).await;
    assert_eq!(held.expect("the store answers").len(), 1);
    let other = world.another_node().await;
    world.advance(CLAIM_SECONDS - 1);
    other.look().await;
    assert_eq!((count(&other).await, mailbox.letters().len()), ((1, 0), 0));
    world.advance(1);
    mailbox.letter_to("ada@example.org").await;
    counts(&other, 0, 0).await;
}

async fn a_letter_whose_arrival_was_not_confirmed_comes_twice_and_says_so(backend: Backend) {
    let mut mailbox = Mailbox::start().await;
    mailbox.start_again(Manner::Lose).await;
    let world = world(backend, &mailbox).await;
    post(&world, "ada@example.org").await;
    within(A_WHILE, "it is taken", async || mailbox.letters().len() == 1).await;
    within(A_WHILE, "nobody said so", async || super::failures(&world, "unreachable").await == 1).await;
    mailbox.start_again(Manner::Take).await;
    world.advance(60);
    counts(&world, 0, 0).await;
    // The server tells of a letter a moment after it has taken it.
    within(A_WHILE, "it comes again", async || mailbox.letters_to("ada@example.org").len() == 2).await;
    let letters = mailbox.letters_to("ada@example.org");
    assert_eq!(letters[0].header("message-id"), letters[1].header("message-id"));
    assert_eq!(letters[0].link(), letters[1].link());
}

async fn a_connection_is_used_again_and_given_up_when_it_broke(backend: Backend) {
    let mut mailbox = Mailbox::start().await;
    let world = backend
        .world_with(|config| {
            mailbox.serves(config);
            config.mail.connections = 1;
        })
        .await;
    for name in ["ada", "grace"] {
        post(&world, &format!("{name}@example.org")).await;
        mailbox.letter_to(&format!("{name}@example.org")).await;
    }
    // The connection of the first two letters is gone; the next one does not fall with it.
    mailbox.start_again(Manner::Take).await;
    post(&world, "edsger@example.org").await;
    mailbox.letter_to("edsger@example.org").await;
    assert_eq!(super::failures(&world, "unreachable").await, 0);
}

async fn without_a_server_development_writes_to_a_folder(backend: Backend) {
    let world = backend.world().await;
    let folder = world.app.config.mail.directory.clone();
    let (id, link) = post(&world, "ada@example.org").await;
    counts(&world, 0, 0).await;
    let files: Vec<_> = fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    let [file] = files.as_slice() else { panic!("one file: {files:?}") };
    assert!(file.to_string_lossy().ends_with(&format!("Z-{id}.eml")), "{file:?}");
    let mode = |path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!((mode(file), mode(&folder)), (0o600, 0o700), "for nobody else's eyes");
    // Quoted-printable breaks lines and writes "=" as "=3D".
    let text = fs::read_to_string(file).expect("a letter").replace("=\r\n", "").replace("=3D", "=");
    assert!(text.contains("To: ada@example.org") && text.contains(&link), "{text}");
    let name = file.display().to_string();
    assert!(logs().lines().any(|line| line.contains("INFO") && line.contains(&name)), "the log names the file");
}

async fn without_a_server_mail_waits(backend: Backend) {
    let world = backend.world_with(|config| config.development = Some(false)).await;
    post(&world, "ada@example.org").await;
    within(A_WHILE, "it is counted", async || counted(&world, "countersign_outbox_waiting").await == 1).await;
    assert_eq!(count(&world).await, (1, 0));
    assert!(logs().contains("there is no SMTP server: mail waits in the database"));
    // As soon as there is one, it goes there.
    let mailbox = Mailbox::open_to_all().await;
    let _other = world.another_node_with(|config| mailbox.serves(config)).await;
    let letter = mailbox.letter_to("ada@example.org").await;
    assert!(!letter.encrypted && !letter.authenticated);
    counts(&world, 0, 0).await;
}

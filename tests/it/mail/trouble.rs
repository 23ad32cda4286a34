//! Servers that are dead, silent, strangers, or unwilling.

use std::time::{Duration, Instant};

use countersign::config::Encryption;
use countersign::secret::Setting;
use countersign::store::outbox::LIFETIME_SECONDS;

use super::{count, counts, failures, post, world};
use crate::harness::{A_WHILE, Backend, Mailbox, Manner, Node, World, logs, stories, within};

stories![
    a_dead_server_loses_nothing_and_slows_nobody,
    a_silent_server_loses_nothing,
    a_server_that_does_not_answer_is_left_alone_for_a_while,
    a_recipient_that_is_refused_is_given_up_at_once,
    what_is_postponed_is_tried_again_and_given_up_after_a_day,
    a_refused_sender_is_nobodys_end,
    a_server_that_nobody_vouches_for_gets_nothing,
    a_server_without_encryption_gets_nothing,
    a_wrong_password_delivers_nothing,
];

/// Lets the time pass until all is delivered.
async fn until_delivered(world: &World) {
    within(A_WHILE, "everything is delivered", async || {
        // In steps that leave a claim its time.
        world.advance(30);
        tokio::time::sleep(Duration::from_millis(300)).await;
        count(world).await == (0, 0)
    })
    .await;
}

async fn failed(node: &Node, reason: &str, times: u32) {
    within(A_WHILE, &format!("{times} fail: {reason}"), async || failures(node, reason).await >= times).await;
}

async fn a_dead_server_loses_nothing_and_slows_nobody(backend: Backend) {
    let mut mailbox = Mailbox::start().await;
    mailbox.stop();
    let world = world(backend, &mailbox).await;
    let started = Instant::now();
    for number in 0..3 {
        post(&world, &format!("number-{number}@example.org")).await;
    }
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    failed(&world, "unreachable", 3).await;
    assert_eq!(count(&world).await, (3, 0));
    mailbox.start_again(Manner::Take).await;
    until_delivered(&world).await;
    assert_eq!(mailbox.letters().len(), 3);
}

async fn a_silent_server_loses_nothing(backend: Backend) {
    let mailbox = Mailbox::start().await;
    let world = world(backend, &mailbox).await;
    post(&world, "ada@example.org").await;
    mailbox.letter_to("ada@example.org").await;
    mailbox.hang();
    let started = Instant::now();
    post(&world, "grace@example.org").await;
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    failed(&world, "timed_out", 1).await;
    assert_eq!(count(&world).await, (1, 0));
    mailbox.go_on();
    until_delivered(&world).await;
    mailbox.letter_to("grace@example.org").await;
}

async fn a_server_that_does_not_answer_is_left_alone_for_a_while(backend: Backend) {
    let mut mailbox = Mailbox::start().await;
    mailbox.stop();
    let world = backend
        .world_with(|config| {
            mailbox.serves(config);
            config.mail.connections = 1;
        })
        .await;
    for number in 0..12 {
        post(&world, &format!("number-{number}@example.org")).await;
    }
    failed(&world, "unreachable", 5).await;
    within(A_WHILE, "it is said", async || logs().contains("mail does not get through: it rests")).await;
    // Two rounds later nobody else has tried; after the rest one looks.
    tokio::time::sleep(Duration::from_millis(1200)).await;
    assert_eq!(failures(&world, "unreachable").await, 5);
    world.advance(15);
    failed(&world, "unreachable", 6).await;
    tokio::time::sleep(Duration::from_millis(1200)).await;
    assert_eq!((failures(&world, "unreachable").await, count(&world).await), (6, (12, 0)));
    mailbox.start_again(Manner::Take).await;
    until_delivered(&world).await;
    assert_eq!(mailbox.letters().len(), 12);
}

async fn a_recipient_that_is_refused_is_given_up_at_once(backend: Backend) {
    let mut mailbox = Mailbox::start().await;
    mailbox.start_again(Manner::Refuse).await;
    let world = world(backend, &mailbox).await;
    let address = format!("{backend:?}.nobody@example.org").to_lowercase();
    let (id, _) = post(&world, &address).await;
    let (odd, _) = post(&world, "this is\r\nBcc: no@address.example").await;
    counts(&world, 0, 2).await;
    assert_eq!((failures(&world, "refused").await, failures(&world, "bad_address").await), (1, 1));
    let logs = logs();
    let lines: Vec<&str> = logs.lines().filter(|line| line.contains(&id) || line.contains(&address)).collect();
    assert!(lines.iter().any(|line| line.contains("a letter was given up") && line.contains("refused")), "{lines:?}");
    assert!(logs.lines().any(|line| line.contains(&odd) && line.contains("bad_address")));
    let loud = lines.iter().filter(|line| !line.contains("DEBUG"));
    assert!(loud.clone().count() > 0 && loud.clone().all(|line| !line.contains(&address)), "{lines:?}");
    // The server answers, so others go on to be sent there.
    mailbox.start_again(Manner::Take).await;
    post(&world, "ada@example.org").await;
    mailbox.letter_to("ada@example.org").await;
}

async fn what_is_postponed_is_tried_again_and_given_up_after_a_day(backend: Backend) {
    let mut mailbox = Mailbox::start().await;
    mailbox.start_again(Manner::Postpone).await;
    let world = world(backend, &mailbox).await;
    post(&world, "ada@example.org").await;
    let mut passed = 0;
    // First after half a minute, then after twice as long each time.
    for (attempt, wait) in [(1, 0), (2, 38), (3, 75), (4, 150)] {
        world.advance(wait);
        passed += wait;
        failed(&world, "postponed", attempt).await;
        within(A_WHILE, "it is nobody's", async || {
            world
                .app
                .store
                .outbox_is_due(countersign::store::outbox::Delivery::Mail, world.clock.now().plus(299))
                .await
                .expect("an answer")
        })
        .await;
    }
    assert_eq!((count(&world).await, failures(&world, "postponed").await), ((1, 0), 4));
    world.advance(LIFETIME_SECONDS - passed - 1);
    counts(&world, 0, 1).await;
    assert_eq!(failures(&world, "postponed").await, 5, "the last one");
}

async fn a_refused_sender_is_nobodys_end(backend: Backend) {
    let mut mailbox = Mailbox::start().await;
    mailbox.start_again(Manner::Reject).await;
    let world = world(backend, &mailbox).await;
    post(&world, "ada@example.org").await;
    failed(&world, "sender_refused", 1).await;
    assert_eq!(count(&world).await, (1, 0));
    mailbox.start_again(Manner::Take).await;
    until_delivered(&world).await;
    mailbox.letter_to("ada@example.org").await;
}

async fn a_server_that_nobody_vouches_for_gets_nothing(backend: Backend) {
    for encryption in [Encryption::StartTls, Encryption::Tls] {
        let (mailbox, another) = (Mailbox::start_with(encryption).await, Mailbox::start_with(encryption).await);
        let world = backend
            .world_with(|config| {
                another.serves(config);
                let ca = config.mail.tls_ca.clone();
                mailbox.serves(config);
                config.mail.tls_ca = ca;
            })
            .await;
        post(&world, "ada@example.org").await;
        failed(&world, "tls", 1).await;
        assert_eq!((count(&world).await, mailbox.letters().len()), ((1, 0), 0));
        // By another name than the certificate's it is a stranger, too.
        let other = world
            .another_node_with(|config| {
                mailbox.serves(config);
                config.mail.host = Some("127.0.0.1".to_owned());
            })
            .await;
        let said = other.app.mail.probe().await.expect_err("it is not trusted");
        assert_eq!(said.reason.as_str(), "tls", "{said}");
    }
}

async fn a_server_without_encryption_gets_nothing(backend: Backend) {
    let mailbox = Mailbox::open_to_all().await;
    let world = backend
        .world_with(|config| {
            mailbox.serves(config);
            config.mail.encryption = Encryption::Auto;
        })
        .await;
    post(&world, "ada@example.org").await;
    failed(&world, "tls", 1).await;
    assert_eq!((count(&world).await, mailbox.letters().len()), ((1, 0), 0), "it is not sent in the clear instead");
}

async fn a_wrong_password_delivers_nothing(backend: Backend) {
    let mailbox = Mailbox::start().await;
    let world = backend
        .world_with(|config| {
            mailbox.serves(config);
            config.mail.password = Some(Setting::new("not the password of this server"));
        })
        .await;
    crate::harness::secrets::note("not the password of this server");
    post(&world, "ada@example.org").await;
    failed(&world, "authentication", 1).await;
    assert_eq!((count(&world).await, mailbox.letters().len()), ((1, 0), 0));
    let said = world.app.mail.probe().await.expect_err("it is not let in");
    assert_eq!(said.reason.as_str(), "authentication");
}

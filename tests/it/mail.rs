//! Mail: letters arrive, once where that can be had and twice rather than never; and they say what they should, to nobody else.

mod delivery;
mod letters;
mod settings;
mod trouble;

use countersign::mail::{Letter, Link};
use countersign::outbox;
use countersign::secret::{ClientSecret, Plain};
use countersign::store::outbox::{Delivery, OutboxCount};

use crate::harness::{A_WHILE, Backend, Mailbox, Node, World, secrets, within};

/// A world whose mail goes to the mailbox.
async fn world(backend: Backend, mailbox: &Mailbox) -> World {
    backend.world_with(|config| mailbox.serves(config)).await
}

/// A letter with a secret link in it, which is returned.
fn letter(node: &Node) -> (Letter, String) {
    // Any kind of token will do.
    let token = Plain::<ClientSecret>::generate();
    secrets::note(token.reveal());
    let link = Link::with_token(&node.app.config.issuer, "/verify-email", &token);
    let text = link.reveal().to_owned();
    (Letter::VerifyEmail { name: Some("Ada Lovelace".to_owned()), link, lives_seconds: 86_400 }, text)
}

/// Puts a letter into the outbox, and returns the id of its row and the link in it.
async fn post(node: &Node, to: &str) -> (String, String) {
    let (letter, link) = letter(node);
    let row = outbox::letter(&node.app, letter, to, node.app.clock.now()).expect("a row");
    let id = row.id.clone();
    node.app.store.enqueue(row).await.expect("the store answers");
    (id, link)
}

async fn count(node: &Node) -> (i64, i64) {
    let OutboxCount { waiting, dead } = node.app.store.outbox_count(Delivery::Mail).await.expect("the store answers");
    (waiting, dead)
}

async fn counts(node: &Node, waiting: i64, dead: i64) {
    let what = format!("{waiting} wait and {dead} are dead");
    within(A_WHILE, &what, async || count(node).await == (waiting, dead)).await;
}

/// What a node counted so far.
async fn counted(node: &Node, series: &str) -> u32 {
    let body = node.get("/metrics").await.body;
    let line = body.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.map_or(0, |number| number.parse().expect("a number"))
}

async fn failures(node: &Node, reason: &str) -> u32 {
    counted(node, &format!("countersign_mail_failed_total{{reason=\"{reason}\"}}")).await
}

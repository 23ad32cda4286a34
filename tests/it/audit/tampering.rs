//! What somebody may do who can write to the database, and how it is found.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use countersign::audit::Head;
use countersign::store::leases::Leadership;

use super::SEALED_AFTER;
use crate::contract::database::Raw;
use crate::harness::forge::Parts;
use crate::harness::{Backend, World, logs, stories};

stories![
    an_untouched_log_verifies,
    a_removed_act_is_found,
    an_altered_act_is_found_whatever_was_altered,
    acts_that_changed_places_are_found,
    a_chain_that_was_computed_anew_is_found,
    a_seal_cannot_be_made_moved_or_left_out,
    acts_without_a_seal_are_found,
    an_end_that_was_cut_off_is_found_by_a_logged_head,
    altered_personal_data_is_found_and_erased_data_is_no_damage,
];

/// Eight acts under two seals. The first one is the import of the key that signs in every world.
async fn sealed(backend: Backend) -> (World, Leadership, [Head; 2]) {
    let world = backend.world().await;
    let leadership = world.leadership().await;
    for user in ["u1", "u2", "u3"] {
        world.signs_in(user).await;
        world.advance(1);
    }
    let first = world.seal(&leadership).await;
    for user in ["u4", "u5", "u6", "u7"] {
        world.signs_in(user).await;
        world.advance(1);
    }
    let second = world.seal(&leadership).await;
    assert_eq!((first.position, second.position), (4, 8));
    (world, leadership, [first, second])
}

/// Lets a story do something to the log, look, and have it back as it was.
async fn undone(raw: &mut Raw) {
    for table in ["audit_log", "audit_persons", "audit_seals"] {
        raw.execute(&format!("DELETE FROM {table}; INSERT INTO {table} SELECT * FROM kept_{table}")).await;
    }
}

async fn kept(world: &World) -> Raw {
    let mut raw = world.raw().await;
    for table in ["audit_log", "audit_persons", "audit_seals"] {
        raw.execute(&format!("CREATE TABLE kept_{table} AS SELECT * FROM {table}")).await;
    }
    raw
}

async fn an_untouched_log_verifies(backend: Backend) {
    let (world, leadership, heads) = sealed(backend).await;
    let report = world.verified(&heads).await;
    assert_eq!(report.damage, None);
    assert_eq!((report.acts, report.seals, report.unsealed, report.begins_after), (8, 2, 0, 0));
    assert_eq!((report.head, report.withdrawn_seals), (heads[1].to_string(), 0));
    // The heads are in the log, and read as they were written.
    for head in &heads {
        assert!(logs().contains(&format!("\"head\":\"{head}\"")), "{head}");
        assert_eq!(head.to_string().parse().as_ref(), Ok(head));
    }
    world.signs_in("u8").await;
    let oldest = world.clock.now();
    world.advance(SEALED_AFTER - 1);
    world.signs_in("u9").await;
    let report = world.verifies().await;
    assert_eq!((report.unsealed, report.oldest_unsealed), (2, Some(oldest)));
    // Not due yet.
    let sealed = countersign::audit::seal(&world.app, &leadership, world.clock.now()).await.expect("it is sealed");
    assert_eq!(sealed, 0);
    world.advance(1);
    let sealed = countersign::audit::seal(&world.app, &leadership, world.clock.now()).await.expect("it is sealed");
    assert_eq!(sealed, 2);
    assert_eq!(world.verifies().await.acts, 10);
}

async fn a_removed_act_is_found(backend: Backend) {
    let (world, _, _) = sealed(backend).await;
    let mut raw = kept(&world).await;
    for position in 1..=8 {
        raw.execute(&format!("DELETE FROM audit_log WHERE position = {position}")).await;
        world.is_damaged(&[], position, if position == 8 { "missing" } else { "removed" }).await;
        undone(&mut raw).await;
    }
    // Closing the gap does not help.
    raw.execute("DELETE FROM audit_log WHERE position = 6").await;
    raw.execute("UPDATE audit_log SET position = 6 WHERE position = 7").await;
    raw.execute("UPDATE audit_log SET position = 7 WHERE position = 8").await;
    world.is_damaged(&[], 6, "altered").await;
    undone(&mut raw).await;
    raw.execute("DELETE FROM audit_log").await;
    world.is_damaged(&[], 1, "missing").await;
}

async fn an_altered_act_is_found_whatever_was_altered(backend: Backend) {
    let (world, _, _) = sealed(backend).await;
    let mut raw = kept(&world).await;
    let id = raw.texts("SELECT id FROM audit_log WHERE position = 3").await.remove(0);
    for change in [
        "id = '01890000-0000-7000-8000-000000000000'",
        "at = at + 1",
        "act = 'signed_out'",
        "actor_kind = 'operator'",
        "actor_id = 'u9'",
        "actor_id = NULL",
        "target_kind = 'client'",
        "target_id = 'u9'",
        "client_id = ''",
        "outcome = 'refused'",
        "reason = 'malformed'",
        "request_id = 'r'",
        "detail = '{}'",
        "personal = NULL",
        "hash = 'another'",
        "hash = NULL",
        // What moves from one column to the next is not the same.
        "actor_kind = 'useru2', actor_id = ''",
    ] {
        raw.execute(&format!("UPDATE audit_log SET {change} WHERE position = 3")).await;
        world.is_damaged(&[], 3, "altered").await;
        let named = world.verified(&[]).await.damage.and_then(|damage| damage.id);
        assert!(named.as_ref() == Some(&id) || change.starts_with("id"), "{change}: {named:?}");
        undone(&mut raw).await;
    }
    world.verifies().await;
}

async fn acts_that_changed_places_are_found(backend: Backend) {
    let (world, _, _) = sealed(backend).await;
    let mut raw = kept(&world).await;
    let hash = async |raw: &mut Raw, position| {
        raw.texts(&format!("SELECT hash FROM audit_log WHERE position = {position}")).await.remove(0)
    };
    let (sixth, seventh) = (hash(&mut raw, 6).await, hash(&mut raw, 7).await);
    let swap = "UPDATE audit_log SET position = -1 WHERE position = 6;
                UPDATE audit_log SET position = 6 WHERE position = 7;
                UPDATE audit_log SET position = 7 WHERE position = -1;";
    raw.execute(swap).await;
    world.is_damaged(&[], 6, "altered").await;
    raw.execute(&format!("UPDATE audit_log SET hash = '{sixth}' WHERE position = 6")).await;
    raw.execute(&format!("UPDATE audit_log SET hash = '{seventh}' WHERE position = 7")).await;
    world.is_damaged(&[], 6, "altered").await;
    undone(&mut raw).await;
    world.verifies().await;
}

/// Everybody can compute the hashes; only the server can sign the last one.
async fn a_chain_that_was_computed_anew_is_found(backend: Backend) {
    let (world, _, [first, _]) = sealed(backend).await;
    let mut raw = world.raw().await;
    raw.execute("UPDATE audit_log SET actor_id = 'somebody else' WHERE position = 6").await;
    let mut head = first;
    for found in world.app.store.sealed_acts(4, 8, 10).await.expect("the store answers") {
        head = head.then(&found.act);
        let Head { position, hash } = &head;
        raw.execute(&format!("UPDATE audit_log SET hash = '{hash}' WHERE position = {position}")).await;
    }
    world.is_damaged(&[], 8, "not the one that was sealed").await;
    raw.execute(&format!("UPDATE audit_seals SET hash = '{}' WHERE position = 8", head.hash)).await;
    world.is_damaged(&[], 8, "something else than what was signed").await;
    // Not even somebody who has the key that signs tokens can make a seal.
    let signature = raw.texts("SELECT signature FROM audit_seals WHERE position = 8").await.remove(0);
    let mut parts = Parts::of(&signature);
    assert_eq!(parts.header["typ"], "countersign-audit+jwt");
    parts.claims["hash"] = head.hash.clone().into();
    let forged = parts.resigned().public();
    raw.execute(&format!("UPDATE audit_seals SET signature = '{forged}' WHERE position = 8")).await;
    world.is_damaged(&[], 8, "not signed by this server").await;
}

async fn a_seal_cannot_be_made_moved_or_left_out(backend: Backend) {
    let (world, _, _) = sealed(backend).await;
    let mut raw = kept(&world).await;
    let not_ours = BASE64URL.encode([7; 32]);
    for (change, position, about) in [
        ("DELETE FROM audit_seals WHERE position = 4".to_owned(), 8, "a seal before this one was removed"),
        ("UPDATE audit_seals SET count = 8 WHERE position = 8".to_owned(), 8, "a seal before this one was removed"),
        ("UPDATE audit_seals SET position = 3, count = 3 WHERE position = 4".to_owned(), 3, "not the one that was"),
        (format!("UPDATE audit_seals SET mac = '{not_ours}' WHERE position = 4"), 4, "not signed"),
        ("UPDATE audit_seals SET mac = '' WHERE position = 4".to_owned(), 4, "not signed"),
        ("UPDATE audit_seals SET signature = '' WHERE position = 4".to_owned(), 4, "not signed"),
        ("DELETE FROM signing_keys WHERE phase = 'active'".to_owned(), 4, "not signed"),
    ] {
        raw.execute(&change).await;
        world.is_damaged(&[], position, about).await;
        undone(&mut raw).await;
    }
}

async fn acts_without_a_seal_are_found(backend: Backend) {
    let (world, _, _) = sealed(backend).await;
    let mut raw = kept(&world).await;
    raw.execute("DELETE FROM audit_seals WHERE position = 8").await;
    world.is_damaged(&[], 5, "no seal covers").await;
    undone(&mut raw).await;
    world.signs_in("u8").await;
    raw.execute("UPDATE audit_log SET position = 9, hash = 'x' WHERE position IS NULL").await;
    world.is_damaged(&[], 9, "no seal covers").await;
    raw.execute("DELETE FROM audit_seals").await;
    world.is_damaged(&[], 1, "no seal covers").await;
}

/// Whoever cuts off the end together with its seals leaves a chain that is right in itself.
async fn an_end_that_was_cut_off_is_found_by_a_logged_head(backend: Backend) {
    let (world, leadership, heads) = sealed(backend).await;
    let mut raw = kept(&world).await;
    raw.execute("DELETE FROM audit_log WHERE position > 4; DELETE FROM audit_seals WHERE position > 4").await;
    assert_eq!(world.verifies().await.acts, 4);
    world.is_damaged(&heads, 8, "cut off").await;
    // Nor does it help that the log goes on.
    for user in ["u8", "u9", "u10", "u11", "u12"] {
        world.signs_in(user).await;
    }
    world.seal(&leadership).await;
    assert_eq!(world.verifies().await.acts, 9);
    world.is_damaged(&heads, 8, "written anew").await;
    undone(&mut raw).await;
    // The end is unsealed, altered, and sealed by the server itself.
    raw.execute(
        "DELETE FROM audit_seals WHERE position > 4;
         UPDATE audit_log SET position = NULL, hash = NULL, act = 'signed_out' WHERE position > 4",
    )
    .await;
    world.seal(&leadership).await;
    assert_eq!(world.verifies().await.acts, 8);
    world.is_damaged(&heads, 8, "written anew").await;
    raw.execute("DELETE FROM audit_log; DELETE FROM audit_seals").await;
    assert_eq!(world.verifies().await.acts, 0);
    world.is_damaged(&heads[1..], 8, "cut off").await;
}

async fn altered_personal_data_is_found_and_erased_data_is_no_damage(backend: Backend) {
    let (world, _, heads) = sealed(backend).await;
    let mut raw = kept(&world).await;
    let of_third = "digest = (SELECT personal FROM audit_log WHERE position = 3)";
    for change in ["address = '192.0.2.2'", "device = NULL", "name = ''", "user_id = 'u9'", "salt = 'x'"] {
        raw.execute(&format!("UPDATE audit_persons SET {change} WHERE {of_third}")).await;
        world.is_damaged(&[], 3, "personal").await;
        undone(&mut raw).await;
    }
    assert_eq!(world.verifies().await.erased, 0);
    assert_eq!(world.app.store.erase_person("u2".to_owned()).await.expect("the store answers"), 1);
    let report = world.verified(&heads).await;
    assert_eq!((report.damage, report.erased), (None, 1));
}

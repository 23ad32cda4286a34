//! Key-encryption keys: when one is made, what opens, and what a node without the right one says.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use countersign::keyring::Keyring;
use countersign::secret::Setting;

use super::{encryption_files, opened, refusal, settings, standing};
use crate::contract::database::{Fresh, Raw};
use crate::contract::{NOW, on_both_databases};
use crate::harness::recorder;

on_both_databases! {
    a_key_is_made_where_nothing_was_ever_sealed
    no_key_is_made_where_something_is_sealed
    a_wrong_key_refuses_to_start_and_names_what_does_not_open
    a_file_that_holds_no_key_is_named_and_not_repeated
    the_first_key_of_the_settings_seals_and_all_of_them_open
    what_is_stored_opens_only_where_it_was_sealed_for
    what_was_changed_is_refused
    a_row_is_sealed_for_one_purpose_and_opens_after_a_new_key_has_taken_over
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

async fn a_key_is_made_where_nothing_was_ever_sealed(fresh: &Fresh) {
    let folder = settings(fresh).directory;
    assert!(!folder.exists());
    opened(fresh).await;
    let files = encryption_files(&folder);
    let [file] = files.as_slice() else { panic!("{files:?}") };
    assert_eq!((mode(&folder), mode(file)), (0o700, 0o600));
    assert_eq!(file.extension().unwrap(), "kek");
    let text = fs::read_to_string(file).unwrap();
    assert_eq!(STANDARD.decode(text.trim()).unwrap().len(), 32);
    // The database does not hold it.
    let mut raw = fresh.raw().await;
    for sealed in raw.texts("SELECT sealed FROM signing_keys UNION ALL SELECT sealed FROM sealed_values").await {
        assert!(!sealed.contains(text.trim().trim_end_matches('=')), "{sealed}");
    }
}

async fn no_key_is_made_where_something_is_sealed(fresh: &Fresh) {
    let (store, keyring) = opened(fresh).await;
    let before = standing(&keyring).await;
    let mut elsewhere = settings(fresh);
    elsewhere.directory = fresh.folder().join("another node");
    let why = refusal(Keyring::open(&store, &elsewhere, NOW).await);
    assert!(why.contains(&*elsewhere.directory.to_string_lossy()) && why.contains("ENCRYPTION_KEYS"), "{why}");
    assert_eq!(encryption_files(&elsewhere.directory).len(), 0);
    assert_eq!(standing(&keyring).await, before);
    // Given what the other node has, it starts.
    fs::create_dir(&elsewhere.directory).unwrap();
    let file = &encryption_files(&settings(fresh).directory)[0];
    fs::copy(file, elsewhere.directory.join(file.file_name().unwrap())).unwrap();
    Keyring::open(&store, &elsewhere, NOW).await.unwrap();
}

async fn a_wrong_key_refuses_to_start_and_names_what_does_not_open(fresh: &Fresh) {
    let (store, keyring) = opened(fresh).await;
    let mut wrong = settings(fresh);
    wrong.encryption_keys = vec![Setting::new(STANDARD.encode([9; 32]))];
    let why = refusal(Keyring::open(&store, &wrong, NOW).await);
    for key in keyring.list().await.unwrap() {
        assert!(why.contains(&format!("signing key {}", key.kid)), "{why}");
    }
    for name in ["value secret-hash-key", "value cache-mac-key", "this node does not have"] {
        assert!(why.contains(name), "{why}");
    }
    // The key that is missing is named as its file is.
    let file = encryption_files(&settings(fresh).directory).remove(0);
    let name = file.file_stem().unwrap().to_string_lossy().into_owned();
    let id = name.split_once('-').unwrap().1;
    assert!(why.contains(id), "{why} does not name {id}");
    assert!(!why.contains(&STANDARD.encode([9; 32])), "{why}");
}

async fn a_file_that_holds_no_key_is_named_and_not_repeated(fresh: &Fresh) {
    let (store, _) = opened(fresh).await;
    let folder = settings(fresh).directory;
    for content in ["hunter2 is no key", "", &STANDARD.encode([1; 31]), &STANDARD.encode([1; 33])] {
        let bad = folder.join("999999999999-bad.kek");
        fs::write(&bad, content).unwrap();
        let why = refusal(Keyring::open(&store, &settings(fresh), NOW).await);
        assert!(why.contains("999999999999-bad.kek"), "{why}");
        assert!(content.is_empty() || !why.contains(content), "{why}");
        fs::remove_file(bad).unwrap();
    }
    // What is no key file is nobody's business.
    fs::write(folder.join("README.md"), "not a key").unwrap();
    Keyring::open(&store, &settings(fresh), NOW).await.unwrap();
    let mut wrong = settings(fresh);
    wrong.encryption_keys = vec![Setting::new("hunter2 is no key")];
    let why = refusal(Keyring::open(&store, &wrong, NOW).await);
    assert!(why.contains("32 bytes") && !why.contains("hunter2"), "{why}");
}

async fn the_first_key_of_the_settings_seals_and_all_of_them_open(fresh: &Fresh) {
    let store = fresh.store().await;
    let [old, new] = [[1; 32], [2; 32]];
    let with = |keys: &[[u8; 32]]| {
        let mut settings = settings(fresh);
        // Either alphabet of base64 will do.
        settings.encryption_keys = vec![Setting::new(URL_SAFE_NO_PAD.encode(keys[0]))];
        settings.encryption_keys.extend(keys[1..].iter().map(|key| Setting::new(STANDARD.encode(key))));
        settings
    };
    let open = async |keys: &[[u8; 32]]| Keyring::open(&store, &with(keys), NOW).await;
    open(&[old]).await.unwrap();
    assert!(!settings(fresh).directory.exists());
    refusal(open(&[new]).await);
    open(&[old, new]).await.unwrap();
    let both = open(&[new, old]).await.unwrap();
    // The old one still seals all that there is: two signing keys and five values.
    assert_eq!(both.reseal(false, NOW, &recorder).await.unwrap(), 7);
    assert_eq!(both.reseal(false, NOW, &recorder).await.unwrap(), 0);
    open(&[new]).await.unwrap();
    refusal(open(&[old]).await);
    let why = refusal(both.reseal(true, NOW, &recorder).await);
    assert!(why.contains("ENCRYPTION_KEYS"), "{why}");
}

/// Gives each row what is sealed for the next one.
async fn swap(raw: &mut Raw, table: &str, name: &str) -> usize {
    let names = raw.texts(&format!("SELECT {name} FROM {table} ORDER BY {name}")).await;
    let mut sealed = raw.texts(&format!("SELECT sealed FROM {table} ORDER BY {name}")).await;
    assert!(names.len() >= 2);
    sealed.rotate_left(1);
    for (row, content) in names.iter().zip(&sealed) {
        raw.execute(&format!("UPDATE {table} SET sealed = '{content}' WHERE {name} = '{row}'")).await;
    }
    names.len()
}

async fn what_is_stored_opens_only_where_it_was_sealed_for(fresh: &Fresh) {
    let (store, _) = opened(fresh).await;
    let mut raw = fresh.raw().await;
    for (table, name, kind) in [("signing_keys", "kid", "signing key"), ("sealed_values", "name", "value")] {
        let rows = swap(&mut raw, table, name).await;
        let why = refusal(Keyring::open(&store, &settings(fresh), NOW).await);
        assert_eq!(why.matches("has been changed, or belongs elsewhere").count(), rows, "{why}");
        assert_eq!(why.matches(&format!("the sealed {kind}")).count(), rows, "{why}");
        // Once around, and everything is in its place again.
        for _ in 1..rows {
            swap(&mut raw, table, name).await;
        }
        Keyring::open(&store, &settings(fresh), NOW).await.unwrap();
    }
    let misuse = "UPDATE signing_keys SET sealed = (SELECT sealed FROM sealed_values WHERE name = 'cache-mac-key') \
                  WHERE phase = 'active'";
    raw.execute(misuse).await;
    refusal(Keyring::open(&store, &settings(fresh), NOW).await);
}

async fn what_was_changed_is_refused(fresh: &Fresh) {
    let (store, _) = opened(fresh).await;
    let mut raw = fresh.raw().await;
    let sealed = raw.texts("SELECT sealed FROM sealed_values WHERE name = 'cache-mac-key'").await.remove(0);
    let parts: Vec<_> = sealed.split('.').collect();
    let [version, id, nonce, cipher] = parts.as_slice() else { panic!("{sealed}") };
    let mut bytes = URL_SAFE_NO_PAD.decode(cipher).unwrap();
    bytes[0] ^= 1;
    let other = URL_SAFE_NO_PAD.encode(bytes);
    let changed = [
        format!("{version}.{id}.{nonce}.{other}"),
        format!("{version}.{id}.{cipher}.{cipher}"),
        format!("{version}.{id}.{nonce}.{}", &cipher[..8]),
        format!("{version}.{id}.{nonce}"),
        format!("v9.{id}.{nonce}.{cipher}"),
        format!("{sealed}.more"),
        String::new(),
    ];
    for text in changed {
        raw.execute(&format!("UPDATE sealed_values SET sealed = '{text}' WHERE name = 'cache-mac-key'")).await;
        let why = refusal(Keyring::open(&store, &settings(fresh), NOW).await);
        assert!(why.contains("value cache-mac-key"), "{text}: {why}");
    }
    raw.execute(&format!("UPDATE sealed_values SET sealed = '{sealed}' WHERE name = 'cache-mac-key'")).await;
    Keyring::open(&store, &settings(fresh), NOW).await.unwrap();
}

async fn a_row_is_sealed_for_one_purpose_and_opens_after_a_new_key_has_taken_over(fresh: &Fresh) {
    let (store, keyring) = opened(fresh).await;
    let sealed = keyring.seal_for("outbox a", b"a letter").unwrap();
    assert!(!sealed.contains("letter") && sealed != keyring.seal_for("outbox a", b"a letter").unwrap());
    assert_eq!(keyring.open_for("outbox a", &sealed).unwrap().as_slice(), b"a letter");
    let shorter = &sealed[..sealed.len() - 4];
    let foreign = sealed.replacen("d1.", "v1.", 1);
    for (purpose, text) in
        [("outbox b", sealed.as_str()), ("outbox a", shorter), ("outbox a", ""), ("outbox a", &foreign)]
    {
        let why = refusal(keyring.open_for(purpose, text));
        assert!(why.contains(purpose) && why.contains("belongs elsewhere"), "{why}");
    }
    keyring.reseal(true, NOW.plus(1), &recorder).await.unwrap();
    fs::remove_file(&encryption_files(&settings(fresh).directory)[0]).unwrap();
    let restarted = Keyring::open(&store, &settings(fresh), NOW.plus(2)).await.unwrap();
    assert_eq!(restarted.open_for("outbox a", &sealed).unwrap().as_slice(), b"a letter");
}

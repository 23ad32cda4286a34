//! Secrets neither print nor store, and a hash tells nothing without its key.

use countersign::secret::{ClientSecret, MacKey, Plain};

#[test]
fn a_secret_neither_prints_nor_equals_its_hash() {
    let secret = Plain::<ClientSecret>::generate();
    let key = MacKey::new(&[7; 32]);
    assert!(secret.reveal().starts_with("cs_client_"));
    assert_eq!(secret.reveal().len(), "cs_client_".len() + 43);
    assert_eq!(format!("{secret:?}"), "[secret]");
    assert_eq!(format!("{:?}", secret.hash(&key)), "[hash]");
    assert!(!secret.hash(&key).as_str().contains(secret.reveal()));
}

#[test]
fn a_hash_depends_on_the_key_and_on_the_secret() {
    let (secret, other) = (Plain::<ClientSecret>::generate(), Plain::<ClientSecret>::generate());
    let (key, other_key) = (MacKey::new(&[7; 32]), MacKey::new(&[8; 32]));
    assert!(secret.hash(&key).matches(&secret.clone().hash(&key)));
    assert!(!secret.hash(&key).matches(&other.hash(&key)));
    assert!(!secret.hash(&key).matches(&secret.hash(&other_key)));
}

#[test]
fn mac_parts_cannot_be_shifted() {
    let key = MacKey::new(&[7; 32]);
    assert_ne!(key.mac(&[b"ab", b"c"]), key.mac(&[b"a", b"bc"]));
    assert!(key.verifies(&[b"ab"], &key.mac(&[b"ab"])));
    assert!(!key.verifies(&[b"ab"], &key.mac(&[b"ac"])));
}

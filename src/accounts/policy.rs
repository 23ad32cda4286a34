//! Which passwords people may choose. The rules look at the password and at its owner's names, and at nothing else.

use std::borrow::Cow;
use std::cmp::Ordering;

use zeroize::Zeroizing;

use crate::config;
use crate::secret::{Password, Plain};

/// In small letters, one per line, sorted by their bytes.
const COMMON: &str = include_str!("common_passwords.txt");
/// A shorter name is part of too many words.
const SHORTEST_NAME: usize = 4;

/// Everything that is wrong with a new password, as sentences for its owner. `own_names` are the user name, the email
/// address, and whatever names the owner has besides.
pub fn check(
    settings: &config::Passwords,
    password: &Plain<Password>,
    own_names: &[&str],
) -> Result<(), Vec<Cow<'static, str>>> {
    let text = password.reveal();
    let small = Zeroizing::new(text.to_lowercase());
    let mut faults = Vec::new();
    if text.len() < settings.min_length {
        faults.push(format!("A password has at least {} bytes.", settings.min_length).into());
    }
    if text.len() > settings.max_length {
        faults.push(format!("A password has at most {} bytes.", settings.max_length).into());
    }
    if classes(text) < settings.classes {
        let about = "A password has characters of at least";
        let kinds = "out of small letters, capital letters, digits and others";
        faults.push(format!("{about} {} kinds {kinds}.", settings.classes).into());
    }
    if own_names.iter().any(|name| has_name(&small, name)) {
        faults.push("The password contains a name of yours.".into());
    }
    if settings.refuse_common && is_common(&small) {
        faults.push("This is one of the most common passwords.".into());
    }
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

/// How many kinds of characters there are.
fn classes(text: &str) -> usize {
    let class = |c: char| match c {
        c if c.is_lowercase() => 0,
        c if c.is_uppercase() => 1,
        c if c.is_numeric() => 2,
        _ => 3,
    };
    let mut found = [false; 4];
    text.chars().for_each(|c| found[class(c)] = true);
    found.into_iter().filter(|found| *found).count()
}

/// Whether the whole of the name, or of what stands before the @ of an address, is part of the password.
fn has_name(small: &str, name: &str) -> bool {
    let name = name.trim().to_lowercase();
    let local = name.rsplit_once('@').map_or(name.as_str(), |(local, _)| local);
    local.chars().count() >= SHORTEST_NAME && small.contains(local)
}

/// Looks the password up by halves of the text itself, so that nothing has to be built in memory for it.
fn is_common(small: &str) -> bool {
    let (mut low, mut high) = (0, COMMON.len());
    while low < high {
        let middle = low.midpoint(high);
        let bytes = COMMON.as_bytes();
        let start = bytes[low..middle].iter().rposition(|byte| *byte == b'\n').map_or(low, |at| low + at + 1);
        let end = bytes[middle..].iter().position(|byte| *byte == b'\n').map_or(COMMON.len(), |at| middle + at);
        match bytes[start..end].cmp(small.as_bytes()) {
            Ordering::Equal => return true,
            Ordering::Less => low = end + 1,
            Ordering::Greater => high = start,
        }
    }
    false
}

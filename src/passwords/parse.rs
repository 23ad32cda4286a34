//! Reads stored passwords: PHC strings, and those that other systems write in a manner of their own.

use base64::Engine;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD, STANDARD, STANDARD_NO_PAD};

use super::compute::Recipe;
use super::kind::{Digest, Kind};

/// A stored password: how its hash is computed again, and what has to come out.
pub struct Stored {
    pub recipe: Recipe,
    pub expected: Vec<u8>,
}

/// Longer than anything that is told apart below.
const LONGEST: usize = 512;
/// Fewer bytes could be hit by chance.
const LEAST_BYTES: usize = 16;
const BCRYPT_BYTES: usize = 23;

/// bcrypt's letters. The last one of a salt has two bits too many, which the original does not look at.
const BCRYPT: GeneralPurpose = GeneralPurpose::new(&alphabet::BCRYPT, NO_PAD.with_decode_allow_trailing_bits(true));

pub const UNKNOWN: &str = "is of no known kind: a PHC string of Argon2, PBKDF2 or scrypt, a bcrypt hash, or a PBKDF2 \
                           hash as passlib or Django writes it";
pub const MALFORMED: &str = "cannot be read: its parameters, its salt or its hash are not as its kind demands";

/// The stored password, or a sentence without a subject that says what is wrong with the text.
pub fn parse(text: &str) -> Result<Stored, &'static str> {
    if text.len() > LONGEST {
        return Err(MALFORMED);
    }
    let name = text.strip_prefix('$').and_then(|rest| rest.split('$').next()).unwrap_or_default();
    let stored = match name {
        "2a" | "2b" | "2y" => bcrypt(text),
        "argon2id" | "argon2i" | "argon2d" | "scrypt" => phc(text),
        "pbkdf2-sha256" | "pbkdf2-sha512" => phc(text).or_else(|| passlib(text)),
        _ if text.starts_with("pbkdf2_sha") => django(text),
        _ => return Err(UNKNOWN),
    };
    stored.filter(|stored| stored.recipe.kind.is_possible()).ok_or(MALFORMED)
}

/// `$2b$12$` and 22 characters of salt and 31 of hash.
fn bcrypt(text: &str) -> Option<Stored> {
    let [_, _, cost, rest] = fields(text)?;
    let cost = Some(cost).filter(|cost| cost.len() == 2).and_then(number)?;
    let (salt, hash) = rest.split_at_checked(22).filter(|(_, hash)| hash.len() == 31)?;
    let (salt, expected) = (BCRYPT.decode(salt).ok()?, BCRYPT.decode(hash).ok()?);
    let recipe = Recipe { kind: Kind::Bcrypt { cost }, salt, length: BCRYPT_BYTES };
    (expected.len() == BCRYPT_BYTES).then_some(Stored { recipe, expected })
}

/// `$name[$v=19]$parameters$salt$hash`.
fn phc(text: &str) -> Option<Stored> {
    let read = phc::PasswordHash::new(text).ok()?;
    let kind = Kind::of_phc(read.algorithm.as_str(), read.version, &read.params)?;
    stored(kind, read.salt?.to_vec(), read.hash?.as_bytes().to_vec())
}

/// `$pbkdf2-sha256$29000$salt$hash`, in which a full stop stands for the plus sign of base64.
fn passlib(text: &str) -> Option<Stored> {
    let [_, name, rounds, salt, hash] = fields(text)?;
    let kind = Kind::Pbkdf2 { digest: Digest::named(name)?, rounds: number(rounds)? };
    let bytes = |text: &str| STANDARD_NO_PAD.decode(text.replace('.', "+")).ok();
    stored(kind, bytes(salt)?, bytes(hash)?)
}

/// `pbkdf2_sha256$600000$salt$hash`, in which the salt is text.
fn django(text: &str) -> Option<Stored> {
    let [name, rounds, salt, hash] = fields(text)?;
    let kind = Kind::Pbkdf2 { digest: Digest::named(&name.replace('_', "-"))?, rounds: number(rounds)? };
    stored(kind, salt.as_bytes().to_vec(), STANDARD.decode(hash).ok()?)
}

fn stored(kind: Kind, salt: Vec<u8>, mut expected: Vec<u8>) -> Option<Stored> {
    if expected.len() < LEAST_BYTES || salt.is_empty() {
        return None;
    }
    if let Kind::Pbkdf2 { digest, .. } = kind {
        // What goes beyond one digest costs as much again and says no more about the password.
        expected.truncate(digest.length());
    }
    Some(Stored { recipe: Recipe { kind, salt, length: expected.len() }, expected })
}

fn fields<const N: usize>(text: &str) -> Option<[&str; N]> {
    text.split('$').collect::<Vec<_>>().try_into().ok()
}

/// Digits only: `parse` by itself would take a plus sign, too.
fn number(text: &str) -> Option<u32> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

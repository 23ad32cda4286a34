//! What people are called: how a username and an address are written, and how they are compared.

/// Longer than any name that people use; an address cannot be longer (RFC 5321 §4.5.3.1.3).
const LONGEST_USERNAME: usize = 64;
const LONGEST_EMAIL: usize = 254;
const LONGEST_LOCAL_PART: usize = 64;
const LONGEST_NAME: usize = 200;

/// How names are compared: without regard to case, and to spaces around them.
pub fn fold(name: &str) -> String {
    name.trim().to_lowercase()
}

/// A username has no `@` in it, so that it is never somebody's address.
pub fn check_username(text: &str) -> Result<(), &'static str> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+');
    if text.is_empty() || text.len() > LONGEST_USERNAME {
        return Err("must have 1 to 64 characters");
    }
    if !text.chars().all(allowed) {
        return Err("may have letters from a to z, digits, and . _ - + in it");
    }
    if !text.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return Err("must begin with a letter or a digit");
    }
    Ok(())
}

/// An address to which a letter can be sent; whether it arrives, only the letter shows.
pub fn check_email(text: &str) -> Result<(), &'static str> {
    const WRONG: &str = "is not an email address";
    let Some((local, domain)) = text.rsplit_once('@') else { return Err(WRONG) };
    // RFC 5322 §3.2.3, and UTF-8 as in RFC 6531; quoted local parts are nobody's address.
    let in_local = |c: char| {
        c.is_alphanumeric()
            || (!c.is_ascii() && !c.is_whitespace() && !c.is_control())
            || "!#$%&'*+-/=?^_`{|}~.".contains(c)
    };
    let dots_are_right = |text: &str| !text.starts_with('.') && !text.ends_with('.') && !text.contains("..");
    let local_is_right =
        !local.is_empty() && local.len() <= LONGEST_LOCAL_PART && local.chars().all(in_local) && dots_are_right(local);
    let label_is_right = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let domain_is_right = domain.split('.').all(label_is_right);
    if local_is_right && domain_is_right && text.len() <= LONGEST_EMAIL { Ok(()) } else { Err(WRONG) }
}

/// A name as people write it.
pub fn check_name(text: &str) -> Result<(), &'static str> {
    if text.trim().is_empty() || text.chars().count() > LONGEST_NAME {
        return Err("must have 1 to 200 characters");
    }
    if text.chars().any(char::is_control) {
        return Err("must not have control characters in it");
    }
    Ok(())
}

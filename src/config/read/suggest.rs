//! The known setting that an unknown name is nearest to.

use super::declare::{Declared, VARIABLE_PREFIX};

pub struct Nearest {
    pub key: String,
    pub variable: String,
}

/// How much of an unknown name is compared: no setting's name is longer, and the effort grows with the square.
const COMPARED_CHARACTERS: usize = 80;

/// Compares with the full name, the aliases and the last part of every setting: `COUNTERSIGN_PORT`, `server.prot` and
/// a key `redis_url` all find what was meant.
pub fn nearest(unknown: &str, known: &[Declared]) -> Nearest {
    let name = unknown.strip_prefix(VARIABLE_PREFIX).unwrap_or(unknown);
    let sought = plain(name);
    let sought_last = plain(name.rsplit("__").next().unwrap_or(name).rsplit('.').next().unwrap_or(name));
    let likeness = |setting: &Declared| {
        let names = std::iter::once(setting.key.as_str()).chain(setting.aliases.iter().copied());
        let whole = names.map(|name| strsim::normalized_damerau_levenshtein(&sought, &plain(name)));
        let last = plain(setting.key.rsplit('.').next().unwrap_or_default());
        let whole = whole.fold(0.0, f64::max);
        // The last part counts a little less, since several sections may have one of that name: then the whole decides.
        (whole.max(0.95 * strsim::normalized_damerau_levenshtein(&sought_last, &last)), whole)
    };
    let nearer = |a: (f64, f64), b: (f64, f64)| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1));
    let best = known.iter().max_by(|a, b| nearer(likeness(a), likeness(b)));
    let (key, variable) = best.map(|best| (best.key.clone(), best.variable())).unwrap_or_default();
    Nearest { key, variable }
}

/// Letters and digits in lower case: separators are what people get wrong most.
fn plain(name: &str) -> String {
    let letters = name.chars().filter(char::is_ascii_alphanumeric).take(COMPARED_CHARACTERS);
    letters.map(|letter| letter.to_ascii_lowercase()).collect()
}

//! Names as a letter may say them. Whoever registers an address of somebody else chooses the name in the letter that
//! goes there, so a name that could be read as a message or a link is left out.

/// Longer than most names, shorter than an advertisement.
const LONGEST: usize = 60;

/// The name on one line, or `None` when it is better not to say it.
pub fn greeted(name: &str) -> Option<String> {
    let plain: String = name.chars().map(|c| if c.is_control() || is_invisible(c) { ' ' } else { c }).collect();
    let name = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    let fits = !name.is_empty() && name.chars().count() <= LONGEST;
    (fits && !looks_like_a_link(&name)).then_some(name)
}

/// What mail programs turn into a link: an address, a URL, a domain.
fn looks_like_a_link(name: &str) -> bool {
    let domain = |word: &str| {
        word.match_indices('.').any(|(at, _)| {
            let last = |text: &str| text.chars().next_back().is_some_and(char::is_alphanumeric);
            let label: usize = word[at + 1..].chars().take_while(|c| c.is_alphanumeric()).count();
            last(&word[..at]) && label >= 2
        })
    };
    name.contains(['/', '@', '\\', ':']) || name.split(' ').any(domain)
}

/// What turns the direction of the text around, or hides parts of it.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

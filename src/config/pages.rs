//! The settings of the pages that people see.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use url::Url;

use super::read::rule::{Optional, Parsed, parsed, path, text};
use super::read::section;

section! {
    /// What the pages that people see look like, and what they say.
    "pages" => Pages {
        /// What this service is called on its pages. Without it: the name of `mail.sender`, or else the issuer's host.
        name: Option<String> = None, Optional(text("a name of at most 80 characters", is_name));
        /// A picture for the top of each page: an https URL, or the name of an SVG, PNG, JPEG or WebP file in
        /// `pages.templates`, which this server serves then.
        logo: Option<LogoPlace> = None, Optional(logo());
        /// The colour of buttons and links. Their texts become light or dark as the colour needs, and links on dark ground
        /// lighter, so that everybody can read them.
        accent: Option<Colour> = None, Optional(colour());
        /// A folder whose files take the place of the built-in templates and of the style sheet of the same name. Its
        /// `en.toml` and `de.toml` replace single texts; a file for another language adds that language.
        templates: Option<PathBuf> = None, Optional(path());
    }
}

impl Pages {
    /// The key that is wrong beside another one, and why.
    pub(super) fn contradiction(&self) -> Option<(&'static str, &'static str)> {
        match (&self.logo, &self.templates) {
            (Some(LogoPlace::File(_)), None) => {
                Some(("pages.logo", "names a file, and needs pages.templates: the folder that it is in"))
            }
            _ => None,
        }
    }
}

fn is_name(text: &str) -> bool {
    !text.trim().is_empty() && text.chars().count() <= 80 && !text.chars().any(char::is_control)
}

/// Where the logo is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogoPlace {
    Url(String),
    /// In the folder of the templates.
    File(String),
}

fn logo() -> Parsed<LogoPlace> {
    parsed("an https URL, or the name of a file in pages.templates that ends in .svg, .png, .jpg or .webp", str::parse)
}

/// The endings of pictures that browsers show, and their types.
const PICTURES: [(&str, &str); 5] = [
    (".svg", "image/svg+xml"),
    (".png", "image/png"),
    (".jpg", "image/jpeg"),
    (".jpeg", "image/jpeg"),
    (".webp", "image/webp"),
];

impl LogoPlace {
    /// The media type of a file.
    pub fn content_type(name: &str) -> Option<&'static str> {
        PICTURES.iter().find(|(ending, _)| name.ends_with(ending)).map(|(_, content_type)| *content_type)
    }
}

impl FromStr for LogoPlace {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.starts_with("https://") {
            // What has a meaning in a content security policy would end it.
            let plain = text.bytes().all(|byte| byte.is_ascii_graphic() && !b";,'\"<>\\".contains(&byte));
            let has_host = Url::parse(text).is_ok_and(|url| url.host_str().is_some_and(|host| !host.starts_with('[')));
            return if plain && has_host && !text.contains(['#', '@']) {
                Ok(Self::Url(text.to_owned()))
            } else {
                Err("this URL cannot be allowed in a content security policy")
            };
        }
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if !text.bytes().all(plain) || text.starts_with('.') {
            return Err("it is neither an https URL nor the plain name of a file");
        }
        Self::content_type(text).map(|_| Self::File(text.to_owned())).ok_or("it does not end as a picture does")
    }
}

impl fmt::Display for LogoPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(text) | Self::File(text) => f.write_str(text),
        }
    }
}

/// A colour as red, green and blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour(pub [u8; 3]);

fn colour() -> Parsed<Colour> {
    parsed("a colour as #rrggbb", Colour::from_str)
}

impl FromStr for Colour {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6).ok_or("it must be # and six digits")?;
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err("its digits are 0 to 9 and a to f");
        }
        let part = |at: usize| digits.get(at..at + 2).and_then(|part| u8::from_str_radix(part, 16).ok()).unwrap_or(0);
        Ok(Self([part(0), part(2), part(4)]))
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self([red, green, blue]) = self;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

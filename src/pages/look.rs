//! The look: the name, the logo and the colours, chosen so that everybody can read what stands on them.

use super::{Folder, LOGO_PATH, PagesError};
use crate::config::{Colour, Config, Issuer, LogoPlace};

/// WCAG 2.2, 1.4.3: text and its ground.
const READABLE: f64 = 4.5;
const WHITE: Colour = Colour([255; 3]);
const BLACK: Colour = Colour([0; 3]);
/// The grounds of the style sheet that links stand on: of each pair the one that they contrast with less.
const LIGHT_GROUND: Colour = Colour([0xf3, 0xf4, 0xf6]);
const DARK_GROUND: Colour = Colour([0x1d, 0x22, 0x29]);

pub struct Look {
    /// What the service is called.
    pub name: String,
    pub logo: Option<Logo>,
    /// The style sheet, with the colours.
    pub style: String,
}

pub enum Logo {
    /// At this URL.
    Elsewhere(String),
    /// What is served from here, and its media type.
    Here(&'static str, Vec<u8>),
}

impl Logo {
    /// What a page loads.
    pub fn url(&self, issuer: &Issuer) -> String {
        match self {
            Self::Elsewhere(url) => url.clone(),
            Self::Here(..) => issuer.endpoint(LOGO_PATH),
        }
    }

    /// What the policy of a page allows: the same without a query, which means nothing there.
    pub fn allowed(&self, issuer: &Issuer) -> String {
        let url = self.url(issuer);
        url.split('?').next().unwrap_or_default().to_owned()
    }
}

impl Look {
    pub(super) fn load(config: &Config, folder: &mut Folder, style: &str) -> Result<Self, PagesError> {
        let logo = config.pages.logo.as_ref().map(|place| logo(folder, place)).transpose()?;
        let colours = config.pages.accent.map(colours).unwrap_or_default();
        Ok(Self { name: config.service_name(), logo, style: format!("{style}{colours}") })
    }
}

fn logo(folder: &Folder, place: &LogoPlace) -> Result<Logo, PagesError> {
    match place {
        LogoPlace::Url(url) => Ok(Logo::Elsewhere(url.clone())),
        LogoPlace::File(name) => {
            let content_type = LogoPlace::content_type(name).unwrap_or("application/octet-stream");
            Ok(Logo::Here(content_type, folder.picture(name)?))
        }
    }
}

/// The variables of the style sheet that have to do with the accent.
fn colours(accent: Colour) -> String {
    let on = if contrast(accent, WHITE) >= contrast(accent, BLACK) { WHITE } else { BLACK };
    // Away from the text on it, so that this is read even better.
    let down = towards(accent, if on == WHITE { BLACK } else { WHITE }, 15);
    let (light, dark) = (readable(accent, LIGHT_GROUND, BLACK), readable(accent, DARK_GROUND, WHITE));
    format!(
        ":root {{ --act: {accent}; --act-down: {down}; --on-act: {on}; --link: {light}; }}\n\
         @media (prefers-color-scheme: dark) {{ :root {{ --act: {accent}; --act-down: {down}; --on-act: {on}; --link: {dark}; }} }}\n"
    )
}

/// The colour, as little changed towards `end` as it takes to be read on that ground.
fn readable(colour: Colour, ground: Colour, end: Colour) -> Colour {
    let mixed = (0..=100).map(|percent| towards(colour, end, percent));
    mixed.into_iter().find(|mixed| contrast(*mixed, ground) >= READABLE).unwrap_or(end)
}

fn towards(from: Colour, to: Colour, percent: u16) -> Colour {
    let Colour(mut parts) = from;
    for (part, end) in parts.iter_mut().zip(to.0) {
        let mixed = (u16::from(*part) * (100 - percent) + u16::from(end) * percent) / 100;
        *part = u8::try_from(mixed).unwrap_or(u8::MAX);
    }
    Colour(parts)
}

/// WCAG 2.2: from 1, for the same colour, to 21, for black and white.
pub fn contrast(one: Colour, other: Colour) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

fn luminance(Colour(parts): Colour) -> f64 {
    let linear = parts.map(|part| {
        let part = f64::from(part) / 255.0;
        if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    });
    linear.iter().zip([0.2126, 0.7152, 0.0722]).map(|(part, weight)| part * weight).sum()
}

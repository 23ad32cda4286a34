//! What a browser calls itself, in words that its user would say. It may call itself anything: this is a help, and no proof.

use super::render::Reader;

/// What stands in the text, and what that is; what others also say comes last.
const BROWSERS: [(&str, &str); 9] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
];
const SYSTEMS: [(&str, &str); 7] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
];

/// Longer is nobody's name for a device.
const LONGEST: usize = 60;

pub fn name(reader: &Reader<'_>, device: Option<&str>) -> String {
    let Some(device) = device else { return reader.say("devices.unknown") };
    let found =
        |list: &[(&str, &'static str)]| list.iter().find(|(part, _)| device.contains(part)).map(|(_, called)| *called);
    match (found(&BROWSERS), found(&SYSTEMS)) {
        (Some(browser), Some(system)) => reader.words.say("devices.on", &[("browser", browser), ("system", system)]),
        _ => device.chars().take(LONGEST).collect(),
    }
}

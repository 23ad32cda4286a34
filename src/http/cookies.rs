//! The cookies of this server. No script reads them, and other sites send them along only where they lead somebody here.

use http::HeaderValue;
use http::header::COOKIE;
use poem::Request;

use crate::app::App;
use crate::secret::{FormSecret, Kind, Plain, SessionSecret};

/// Longer than any that this server sets.
const LONGEST: usize = 256;

/// A secret that lives in a cookie.
pub trait InCookie: Kind {
    const NAME: &'static str;
}

impl InCookie for SessionSecret {
    const NAME: &'static str = "countersign_session";
}

impl InCookie for FormSecret {
    const NAME: &'static str = "countersign_form";
}

/// What the browser sent back.
pub fn read<K: InCookie>(app: &App, request: &Request) -> Option<Plain<K>> {
    let name = name::<K>(app);
    let texts = request.headers().get_all(COOKIE).iter().filter_map(|header| header.to_str().ok());
    let mut cookies = texts.flat_map(|text| text.split(';')).filter_map(|cookie| cookie.trim().split_once('='));
    let (_, value) = cookies.find(|(each, _)| *each == name)?;
    let is_ours = value.starts_with(K::PREFIX) && value.len() <= LONGEST;
    is_ours.then(|| Plain::presented(value))
}

/// For as long as the browser runs; the store knows when it is over.
pub fn set<K: InCookie>(app: &App, secret: &Plain<K>) -> Option<HeaderValue> {
    let secure = if app.config.issuer.is_https() { "; Secure" } else { "" };
    let cookie = format!("{}={}; Path=/; HttpOnly; SameSite=Lax{secure}", name::<K>(app), secret.reveal());
    let mut value = HeaderValue::from_str(&cookie).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Takes it back.
pub fn end<K: InCookie>(app: &App) -> Option<HeaderValue> {
    let secure = if app.config.issuer.is_https() { "; Secure" } else { "" };
    let cookie = format!("{}=; Path=/; HttpOnly; SameSite=Lax{secure}; Max-Age=0", name::<K>(app));
    HeaderValue::from_str(&cookie).ok()
}

/// With https the prefix keeps other hosts from setting it; without, browsers would not take such a name.
fn name<K: InCookie>(app: &App) -> String {
    let prefix = if app.config.issuer.is_https() { "__Host-" } else { "" };
    format!("{prefix}{}", K::NAME)
}

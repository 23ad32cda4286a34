//! The templates of letters: built in, and replaced file by file by those of the operator. HTML escapes what it is given.

use std::fs;
use std::io;
use std::path::Path;

use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior, Value, context};

use super::letter::{Letter, Link};
use super::{MailError, name};
use crate::config::{Config, Issuer};
use crate::time::UnixTime;

macro_rules! built_in {
    ($($name:literal),+ $(,)?) => {
        const BUILT_IN: &[(&str, &str)] = &[$(($name, include_str!(concat!("templates/", $name)))),+];
    };
}

built_in![
    "layout.html",
    "verify_email.txt",
    "verify_email.html",
    "reset_password.txt",
    "reset_password.html",
    "email_taken.txt",
    "email_taken.html",
    "password_changed.txt",
    "password_changed.html",
    "email_changed.txt",
    "email_changed.html",
    "provider_linked.txt",
    "provider_linked.html",
    "provider_unlinked.txt",
    "provider_unlinked.html",
];

/// Who writes.
pub struct Service {
    pub name: String,
    pub host: String,
    pub issuer: String,
}

impl Service {
    pub fn of(config: &Config) -> Self {
        let issuer = &config.issuer;
        Self { name: config.service_name(), host: issuer.host(), issuer: issuer.as_str().to_owned() }
    }
}

pub struct Templates(Environment<'static>);

impl Templates {
    /// Every letter is tried once, so that what is wrong with a template is known now.
    pub fn load(folder: Option<&Path>, issuer: &Issuer, service: &Service) -> Result<Self, MailError> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        let mut given = folder.map(read).transpose()?.unwrap_or_default();
        for (name, built_in) in BUILT_IN {
            let at = given.iter().position(|(other, _)| other == name);
            let source = at.map_or_else(|| (*built_in).to_owned(), |at| given.swap_remove(at).1);
            environment.add_template_owned(*name, source).map_err(|error| wrong(&error))?;
        }
        if let (Some((unknown, _)), Some(folder)) = (given.first(), folder) {
            let names: Vec<_> = BUILT_IN.iter().map(|(name, _)| *name).collect();
            let message = format!("{} is no template: there are {}", folder.join(unknown).display(), names.join(", "));
            return Err(MailError(message));
        }
        let templates = Self(environment);
        for letter in samples(issuer) {
            templates.render(&letter, service).map_err(|error| wrong(&error))?;
        }
        Ok(templates)
    }

    /// Subject, text and HTML. The subject is the first line of the text's template.
    pub fn render(&self, letter: &Letter, service: &Service) -> Result<(String, String, String), Error> {
        let render = |ending: &str, url: fn(&str) -> Value| {
            self.0.get_template(&format!("{}.{ending}", letter.template()))?.render(values(letter, service, url))
        };
        let (text, html) = (render("txt", |url| url.into())?, render("html", in_html)?);
        let (subject, text) = text.split_once('\n').unwrap_or((&text, ""));
        let (subject, text) = (subject.trim().to_owned(), text.trim().to_owned());
        if subject.is_empty() || text.is_empty() {
            let message = format!("{}.txt needs a subject in its first line, and a text below", letter.template());
            return Err(Error::new(ErrorKind::InvalidOperation, message));
        }
        Ok((subject, format!("{text}\n"), html))
    }
}

fn values(letter: &Letter, service: &Service, url: fn(&str) -> Value) -> Value {
    let (name, link) = match letter {
        Letter::VerifyEmail { name, link, .. }
        | Letter::ResetPassword { name, link, .. }
        | Letter::EmailTaken { name, link }
        | Letter::PasswordChanged { name, link, .. }
        | Letter::EmailChanged { name, link, .. }
        | Letter::ProviderLinked { name, link, .. }
        | Letter::ProviderUnlinked { name, link, .. } => (name.as_deref().and_then(name::greeted), url(link.reveal())),
    };
    let common = context! { name, link, service => service.name.clone(), issuer => url(&service.issuer) };
    match letter {
        Letter::VerifyEmail { lives_seconds, .. } | Letter::ResetPassword { lives_seconds, .. } => {
            context! { lives => in_words(*lives_seconds), ..common }
        }
        Letter::EmailTaken { .. } => common,
        Letter::PasswordChanged { at, address, .. } | Letter::EmailChanged { at, address, .. } => {
            context! { at => moment(*at), address => address.map(|address| address.to_string()), ..common }
        }
        Letter::ProviderLinked { provider, at, address, .. }
        | Letter::ProviderUnlinked { provider, at, address, .. } => {
            let address = address.map(|address| address.to_string());
            context! { provider, at => moment(*at), address, ..common }
        }
    }
}

/// A URL in HTML. The engine would escape slashes, too, and not every mail program finds a link without them.
fn in_html(url: &str) -> Value {
    let escaped = url.replace('&', "&amp;").replace('"', "&quot;").replace('\'', "&#39;");
    Value::from_safe_string(escaped.replace('<', "&lt;").replace('>', "&gt;"))
}

/// `24 hours`, `1 hour`, `30 minutes`: the largest unit that is exact enough.
fn in_words(seconds: i64) -> String {
    let (number, unit) = match seconds {
        ..3_600 => (seconds / 60, "minute"),
        3_600..172_800 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    let number = number.max(1);
    if number == 1 { format!("1 {unit}") } else { format!("{number} {unit}s") }
}

/// `2026-01-31 12:00 UTC`.
fn moment(at: UnixTime) -> String {
    let text = at.to_rfc3339();
    text.split_once('T')
        .map_or_else(|| text.clone(), |(day, time)| format!("{day} {} UTC", time.get(..5).unwrap_or(time)))
}

/// The files of the operator's folder that are meant as templates.
fn read(folder: &Path) -> Result<Vec<(String, String)>, MailError> {
    let about = |path: &Path, error: &io::Error| MailError(format!("mail.templates: {}: {error}", path.display()));
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| about(folder, &error))? {
        let path = entry.map_err(|error| about(folder, &error))?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if name.ends_with(".txt") || name.ends_with(".html") {
            let text = fs::read_to_string(&path).map_err(|error| about(&path, &error))?;
            found.push((name, text));
        }
    }
    found.sort();
    Ok(found)
}

/// The engine says which template and line, its sources what was wrong there.
fn wrong(error: &Error) -> MailError {
    let mut text = format!("a template cannot be used: {error}");
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    MailError(text)
}

/// One of each letter, with and without what may be absent.
fn samples(issuer: &Issuer) -> Vec<Letter> {
    let link = || Link::to(issuer, "/");
    let at = UnixTime::from_seconds(0);
    let mut samples = Vec::new();
    for name in [None, Some("Ada Lovelace".to_owned())] {
        let address = name.as_ref().map(|_| std::net::Ipv4Addr::LOCALHOST.into());
        samples.extend([
            Letter::VerifyEmail { name: name.clone(), link: link(), lives_seconds: 86_400 },
            Letter::ResetPassword { name: name.clone(), link: link(), lives_seconds: 3_600 },
            Letter::EmailTaken { name: name.clone(), link: link() },
            Letter::PasswordChanged { name: name.clone(), link: link(), at, address },
            Letter::EmailChanged { name: name.clone(), link: link(), at, address },
            Letter::ProviderLinked { name: name.clone(), link: link(), provider: "Google".to_owned(), at, address },
            Letter::ProviderUnlinked { name, link: link(), provider: "Google".to_owned(), at, address },
        ]);
    }
    samples
}

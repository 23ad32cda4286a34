//! The templates of pages: built in, and replaced file by file by those of the operator. HTML escapes what it is given.

use std::sync::Arc;

use minijinja::value::Kwargs;
use minijinja::{Environment, Error, ErrorKind, HtmlEscape, UndefinedBehavior, Value, context};

use super::{Folder, Look, PagesError, Words};
use crate::config::Issuer;

macro_rules! built_in {
    ($($name:literal),+ $(,)?) => {
        const BUILT_IN: &[(&str, &str)] = &[$(($name, include_str!(concat!("templates/", $name)))),+];
    };
}

built_in![
    "layout.html",
    "fields.html",
    "client_pages.html",
    "sign_in.html",
    "register.html",
    "registered.html",
    "link_account.html",
    "consent.html",
    "sign_out.html",
    "form_post.html",
    "account_layout.html",
    "account.html",
    "account_email.html",
    "account_password.html",
    "account_sessions.html",
    "account_apps.html",
    "account_linked.html",
    "account_close.html",
    "account_again.html",
    "confirm_email.html",
    "forgot_password.html",
    "reset_password.html",
    "told.html",
];

const STYLE: &str = "style.css";
const BUILT_IN_STYLE: &str = include_str!("templates/style.css");

/// What may be replaced, but for words.
pub fn names() -> impl Iterator<Item = &'static str> {
    BUILT_IN.iter().map(|(name, _)| *name).chain([STYLE])
}

pub struct Templates(Environment<'static>);

impl Templates {
    /// The templates, and the style sheet, which is no template.
    pub fn load(folder: &mut Folder) -> Result<(Self, String), PagesError> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        for (name, built_in) in BUILT_IN {
            let source = folder.take(name).unwrap_or_else(|| (*built_in).to_owned());
            environment.add_template_owned(*name, source).map_err(|error| wrong(&error))?;
        }
        let style = folder.take(STYLE).unwrap_or_else(|| BUILT_IN_STYLE.to_owned());
        if style.contains("</") {
            return Err(PagesError(format!(
                "{STYLE} must not have </ in it: it would end where it stands in the page"
            )));
        }
        Ok((Self(environment), style))
    }

    /// Every page has the look, and `t`, which says a text of the catalogue with what is filled in.
    pub fn render(
        &self,
        words: &Arc<Words>,
        (look, issuer): (&Look, &Issuer),
        template: &str,
        values: Value,
    ) -> Result<String, PagesError> {
        let said = Arc::clone(words);
        let t = Value::from_function(move |key: &str, filled: Kwargs| say(&said, key, &filled));
        let own = context! {
            t,
            lang => words.language(),
            style => Value::from_safe_string(look.style.clone()),
            service => look.name.as_str(),
            logo => look.logo.as_ref().map(|logo| logo.url(issuer)),
            base => issuer.path(),
        };
        let values = context! { ..own, ..values };
        let template = self.0.get_template(template).map_err(|error| wrong(&error))?;
        template.render(values).map_err(|error| wrong(&error))
    }
}

/// A text in HTML: what stands between two pairs of asterisks is strong, what is filled in is escaped.
fn say(words: &Words, key: &str, filled: &Kwargs) -> Result<Value, Error> {
    let missing = |what: &str| Error::new(ErrorKind::InvalidOperation, format!("{}.toml: {what}", words.language()));
    let text = words.text(key).ok_or_else(|| missing(&format!("there is no text {key}")))?;
    let mut html = String::new();
    let mut is_strong = false;
    for (place, part) in text.split("**").enumerate() {
        if place > 0 {
            html.push_str(if is_strong { "</strong>" } else { "<strong>" });
            is_strong = !is_strong;
        }
        let mut rest = part;
        while let Some((before, name, after)) = placeholder(rest) {
            let value: Value = filled.get(name).map_err(|_| missing(&format!("{key} wants {{{name}}}")))?;
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            html.push_str(&format!("{}{}", HtmlEscape(before), HtmlEscape(&value)));
            rest = after;
        }
        html.push_str(&HtmlEscape(rest).to_string());
    }
    if is_strong {
        return Err(missing(&format!("{key} has ** that nothing ends")));
    }
    filled.assert_all_used()?;
    Ok(Value::from_safe_string(html))
}

/// What stands before the first `{name}`, the name, and what stands behind it.
pub fn placeholder(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once('{')?;
    let (name, after) = rest.split_once('}')?;
    Some((before, name, after))
}

/// The engine says which template and line, its sources what was wrong there.
fn wrong(error: &Error) -> PagesError {
    let mut text = format!("a template cannot be used: {error}");
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    PagesError(text)
}

//! The pages that people see: their templates, their words in each language, and their look. All of it is built in, and is
//! replaced file by file, and text by text, by what is in the operator's folder. What is wrong there is known at the start.

mod folder;
mod look;
mod samples;
mod templates;
mod words;

use std::sync::Arc;

use minijinja::Value;

use crate::config::{Config, Issuer};
use crate::protocol::languages;

pub use look::{Logo, Look, contrast};
pub use words::Words;

use folder::Folder;
use templates::Templates;

/// The path of a logo that is served from here.
pub const LOGO_PATH: &str = "/pages/logo";

/// Why the pages cannot be what the settings say; the sentence says what to do.
#[derive(Debug, thiserror::Error)]
#[error("pages: {0}")]
pub struct PagesError(String);

/// A handle; clones share everything.
#[derive(Clone)]
pub struct Pages(Arc<Inner>);

struct Inner {
    templates: Templates,
    /// The first one is for whoever reads none of the others.
    languages: Vec<Arc<Words>>,
    look: Look,
}

impl Pages {
    /// Reads templates, words and logo, and tries every page in every language.
    pub fn open(config: &Config) -> Result<Self, PagesError> {
        let mut folder = config.pages.templates.as_deref().map(Folder::read).transpose()?.unwrap_or_default();
        let languages = words::load(&mut folder)?;
        let (templates, style) = Templates::load(&mut folder)?;
        let look = Look::load(config, &mut folder, &style)?;
        folder.finish()?;
        let pages = Self(Arc::new(Inner { templates, languages, look }));
        pages.try_all(&config.issuer)?;
        Ok(pages)
    }

    fn try_all(&self, issuer: &Issuer) -> Result<(), PagesError> {
        for words in &self.0.languages {
            for (template, values) in samples::samples() {
                self.render(issuer, words, template, values)?;
            }
        }
        Ok(())
    }

    pub fn look(&self) -> &Look {
        &self.0.look
    }

    /// Every language that there is, the usual one first.
    pub fn languages(&self) -> &[Arc<Words>] {
        &self.0.languages
    }

    /// By what a request asks for, by what the browser says, or else the usual one.
    pub fn words(&self, ui_locales: Option<&str>, accept_language: Option<&str>) -> &Arc<Words> {
        let known: Vec<&str> = self.0.languages.iter().map(|words| words.language()).collect();
        let chosen = languages::chosen(&known, ui_locales, accept_language);
        let place = chosen.and_then(|chosen| known.iter().position(|known| *known == chosen)).unwrap_or(0);
        &self.0.languages[place]
    }

    pub fn render(
        &self,
        issuer: &Issuer,
        words: &Arc<Words>,
        template: &str,
        values: Value,
    ) -> Result<String, PagesError> {
        self.0.templates.render(words, (&self.0.look, issuer), template, values)
    }
}

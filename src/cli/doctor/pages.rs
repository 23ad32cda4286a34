//! Whether every page can be shown, in every language.

use super::{Findings, Verdict};
use crate::config::Config;
use crate::pages::Pages;

pub fn look(config: &Config, findings: &mut Findings) {
    match Pages::open(config) {
        Ok(pages) => {
            let languages: Vec<&str> = pages.languages().iter().map(|words| words.language()).collect();
            findings.add("pages", Verdict::Ok, format!("every page can be shown, in {}", languages.join(", ")));
        }
        Err(error) => findings.add("pages", Verdict::Wrong, error.to_string()),
    }
}

//! Mail: letters to people, made from templates, handed to an SMTP server or, on a developer's machine, written to a folder.
//! This folder is the only one that names lettre.

mod folder;
mod letter;
mod message;
mod name;
mod smtp;
mod templates;
mod undelivered;

use std::sync::Arc;

use crate::config::{Config, Sender};
use crate::time::UnixTime;

pub use letter::{Letter, Link};
pub use undelivered::{Reason, Undelivered};

use folder::Folder;
use smtp::Smtp;
use templates::{Service, Templates};

/// Why mail cannot be what the settings say; the sentence says what to do.
#[derive(Debug, thiserror::Error)]
#[error("mail: {0}")]
pub struct MailError(String);

/// A handle; clones share templates and connections.
#[derive(Clone)]
pub struct Mail(Arc<Inner>);

struct Inner {
    templates: Templates,
    sender: Sender,
    service: Service,
    way: Way,
}

enum Way {
    Smtp(Smtp),
    Folder(Folder),
    /// Nobody takes it: it waits in the outbox until somebody does.
    Nowhere,
}

/// A letter as it reads, to one person.
#[derive(Clone, PartialEq, Eq)]
pub struct Composed {
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: String,
}

impl std::fmt::Debug for Composed {
    /// What is written in a letter is nobody else's business.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[letter]")
    }
}

impl Mail {
    /// Reads the templates and tries each of them; connects to nothing yet.
    pub fn open(config: &Config) -> Result<Self, MailError> {
        let settings = &config.mail;
        let service = Service::of(config);
        let templates = Templates::load(settings.templates.as_deref(), &config.issuer, &service)?;
        let local = || Sender { name: None, address: "countersign@localhost".to_owned() };
        let sender = settings.sender.clone().unwrap_or_else(local);
        message::mailbox(&sender).ok_or_else(|| MailError(format!("nobody can answer to mail.sender {sender}")))?;
        let way = match &settings.host {
            Some(host) => Way::Smtp(Smtp::open(host, settings, &service.host)?),
            None if config.development() => Way::Folder(Folder::new(settings.directory.clone())),
            None => Way::Nowhere,
        };
        Ok(Self(Arc::new(Inner { templates, sender, service, way })))
    }

    /// Whether anybody takes mail.
    pub fn delivers(&self) -> bool {
        !matches!(self.0.way, Way::Nowhere)
    }

    /// Where mail goes, for people.
    pub fn way(&self) -> String {
        match &self.0.way {
            Way::Smtp(smtp) => smtp.name(),
            Way::Folder(folder) => folder.name(),
            Way::Nowhere => "nobody takes mail".to_owned(),
        }
    }

    /// Puts a letter into words.
    pub fn compose(&self, letter: &Letter, to: &str) -> Result<Composed, Undelivered> {
        let rendered = self.0.templates.render(letter, &self.0.service);
        let (subject, text, html) =
            rendered.map_err(|error| Undelivered::new(Reason::BadTemplate, error.to_string()))?;
        Ok(Composed { to: to.to_owned(), subject, text, html })
    }

    /// Hands a letter over. `id` makes the same letter recognisable when it comes twice.
    pub async fn send(&self, id: &str, letter: &Composed, now: UnixTime) -> Result<(), Undelivered> {
        let message = message::message(&self.0.sender, letter, id, &self.0.service.host, now)?;
        match &self.0.way {
            Way::Smtp(smtp) => smtp.send(&message).await,
            Way::Folder(folder) => folder.write(id, message.formatted(), now).await,
            Way::Nowhere => Err(Undelivered::new(Reason::Unreachable, "no SMTP server is set".to_owned())),
        }
    }

    /// Whether the SMTP server lets this server in; nothing is sent.
    pub async fn probe(&self) -> Result<(), Undelivered> {
        match &self.0.way {
            Way::Smtp(smtp) => smtp.probe().await,
            Way::Folder(_) | Way::Nowhere => Ok(()),
        }
    }

    /// Takes leave of the SMTP server on connections that nobody has used for a while.
    pub fn close_idle(&self) {
        if let Way::Smtp(smtp) = &self.0.way {
            smtp.close_idle();
        }
    }
}

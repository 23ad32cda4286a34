//! Whether mail gets through, as far as that can be seen without sending any.

use super::{Findings, Verdict};
use crate::config::Config;
use crate::mail::Mail;
use crate::store::Store;
use crate::store::outbox::Delivery;

pub async fn look(config: &Config, store: Option<&Store>, findings: &mut Findings) {
    match Mail::open(config) {
        Ok(mail) => way(&mail, config, findings).await,
        Err(error) => findings.add("mail", Verdict::Wrong, error.to_string()),
    }
    let Some(store) = store else { return };
    match store.outbox_count(Delivery::Mail).await {
        Ok(count) if count.dead > 0 => {
            let message = format!(
                "letters of the last seven days that were given up: {}; the log says of each why (\"a letter was given up\")",
                count.dead
            );
            findings.add("mail", Verdict::Warning, message);
        }
        Ok(_) => {}
        Err(error) => findings.add("mail", Verdict::Wrong, format!("the outbox cannot be looked at: {error}")),
    }
}

async fn way(mail: &Mail, config: &Config, findings: &mut Findings) {
    if !mail.delivers() {
        let message = "there is no SMTP server: mail waits in the database and is given up after a day; set SMTP_HOST";
        findings.add("mail", Verdict::Warning, message);
        return;
    }
    match mail.probe().await {
        Ok(()) => findings.add("mail", Verdict::Ok, mail.way()),
        Err(undelivered) => {
            // A server's answer may have several lines.
            let about = undelivered.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
            let message = format!(
                "{}, but {about}: check SMTP_HOST, SMTP_PORT, SMTP_USER, SMTP_PASSWORD, SMTP_USE_TLS",
                mail.way()
            );
            findings.add("mail", Verdict::Wrong, message);
        }
    }
    if config.mail.talks_in_clear() {
        let message = "the password for the SMTP server crosses the network in the clear: set mail.encryption";
        findings.add("mail", Verdict::Warning, message);
    }
}

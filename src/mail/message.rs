//! A letter as bytes: MIME with a text and an HTML part.

use std::time::{Duration, UNIX_EPOCH};

use lettre::Message;
use lettre::address::Address;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};

use super::{Composed, Reason, Undelivered};
use crate::config::Sender;
use crate::time::UnixTime;

pub fn mailbox(sender: &Sender) -> Option<Mailbox> {
    let address: Address = sender.address.parse().ok()?;
    Some(Mailbox::new(sender.name.clone(), address))
}

/// The same id makes the same `Message-ID`, by which mail programs see that a letter came twice.
pub fn message(
    sender: &Sender,
    letter: &Composed,
    id: &str,
    host: &str,
    now: UnixTime,
) -> Result<Message, Undelivered> {
    let bad_address = |about: &str| Undelivered::new(Reason::BadAddress, about.to_owned());
    let to: Address = letter.to.parse().map_err(|_| bad_address("it is no address"))?;
    let from = mailbox(sender).ok_or_else(|| bad_address("the sender's is no address"))?;
    let date = UNIX_EPOCH + Duration::from_secs(u64::try_from(now.seconds()).unwrap_or(0));
    Message::builder()
        .from(from)
        .to(Mailbox::new(None, to))
        .subject(letter.subject.as_str())
        .date(date)
        .message_id(Some(format!("<{id}@{host}>")))
        .raw_header(HeaderValue::new(AUTO_SUBMITTED, "auto-generated".to_owned()))
        .multipart(MultiPart::alternative_plain_html(letter.text.clone(), letter.html.clone()))
        .map_err(|error| Undelivered::new(Reason::BadAddress, error.to_string()))
}

/// RFC 3834 §5: nobody on holiday should answer.
const AUTO_SUBMITTED: HeaderName = HeaderName::new_from_ascii_str("Auto-Submitted");

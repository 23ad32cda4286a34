//! JSON bodies as `/api/v1` takes them: bounded in size and time, strict, refused member by member.

use zeroize::Zeroizing;

use super::body::{Kind, LONGEST, Typed};
use super::form::FORM;
use crate::config::Server;
use crate::failure::{Outcome, Reason, Refused};
use crate::protocol::error::ErrorCode;
use crate::protocol::members::Members;

pub const JSON: &str = "application/json";

/// `FORM_TOO`: whether it may be a form as well.
pub struct Documents<const FORM_TOO: bool>;

impl Kind for Documents<false> {
    const CONTENT_TYPES: &'static [&'static str] = &[JSON];
}

impl Kind for Documents<true> {
    const CONTENT_TYPES: &'static [&'static str] = &[JSON, FORM];
}

pub type Json<D> = Typed<D, Documents<false>>;
/// The same members as JSON or as a form.
pub type JsonOrForm<D> = Typed<D, Documents<true>>;

impl<D, const FORM_TOO: bool> Typed<D, Documents<FORM_TOO>> {
    pub async fn read(self, settings: &Server) -> Outcome<Members> {
        let is_form = FORM_TOO && self.body.is(FORM);
        let bytes = self.bytes(settings).await?;
        Ok(if is_form { Members::from_form(bytes)? } else { Members::from_json(bytes)? })
    }

    /// The members of a body that may be left out.
    pub async fn read_if_any(self, settings: &Server) -> Outcome<Members> {
        let (is_json, is_form) = (self.body.is(JSON), FORM_TOO && self.body.is(FORM));
        let bytes = self.body.read(settings, LONGEST).await?;
        match bytes.is_empty() {
            true => Ok(Members::none()),
            false if is_form => Ok(Members::from_form(bytes)?),
            false if is_json => Ok(Members::from_json(bytes)?),
            false => Err(wrong_type(FORM_TOO).into()),
        }
    }

    /// The bytes of a document that has a parser of its own.
    pub async fn bytes(self, settings: &Server) -> Outcome<Zeroizing<Vec<u8>>> {
        self.body.check_length(LONGEST)?;
        let is_taken = self.body.is(JSON) || (FORM_TOO && self.body.is(FORM));
        if !is_taken {
            return Err(wrong_type(FORM_TOO).into());
        }
        self.body.read(settings, LONGEST).await
    }
}

fn wrong_type(form_too: bool) -> Refused {
    let about = if form_too {
        "the request's content type is neither application/json nor application/x-www-form-urlencoded"
    } else {
        "the request's content type is not application/json"
    };
    Refused::new(ErrorCode::UnsupportedMediaType, Reason::WrongMediaType, about)
}

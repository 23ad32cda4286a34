//! Forms as OAuth endpoints take them (RFC 6749 §3.2, appendix B): bounded in size and time, strict, and refused in the
//! RFC's own words.

use zeroize::Zeroizing;

use super::body::{Kind, LONGEST, Typed, malformed};
use crate::config::Server;
use crate::failure::Outcome;
use crate::protocol::params::Params;

pub const FORM: &str = "application/x-www-form-urlencoded";

pub struct Forms;

impl Kind for Forms {
    const CONTENT_TYPES: &'static [&'static str] = &[FORM];
}

pub type Form<D> = Typed<D, Forms>;

/// Forms that may be left out.
pub struct PerhapsForms;

impl Kind for PerhapsForms {
    const CONTENT_TYPES: &'static [&'static str] = &[FORM];
    const REQUIRED: bool = false;
}

pub type PerhapsForm<D> = Typed<D, PerhapsForms>;

impl<D> Form<D> {
    pub async fn read(self, settings: &Server) -> Outcome<Params> {
        Ok(Params::parse(&self.bytes(settings).await?)?)
    }

    /// Where repeated parameters are told to somebody else.
    pub async fn read_with_doubles(self, settings: &Server) -> Outcome<Params> {
        Ok(Params::parse_with_doubles(&self.bytes(settings).await?)?)
    }

    async fn bytes(self, settings: &Server) -> Outcome<Zeroizing<Vec<u8>>> {
        self.body.check_length(LONGEST)?;
        if !self.body.is(FORM) {
            return Err(malformed("the request's content type is not application/x-www-form-urlencoded"));
        }
        self.body.read(settings, LONGEST).await
    }
}

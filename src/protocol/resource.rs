//! Resource indicators (RFC 8707 §2): which API a token is for.

use super::error::{ErrorCode, Fault};
use super::params::Params;
use super::uri;

/// More APIs than one token should ever be good for.
const MAX_REQUESTED: usize = 8;

checked_text! {
    /// The name of an API: an absolute URI without a fragment, compared byte by byte as it was written.
    pub struct ResourceUri(check);
}

fn check(text: &str) -> Result<(), Fault> {
    uri::absolute(text).map(drop).map_err(|what| invalid(format!("a resource {what}")))
}

/// The resources that a request names, by `resource` or by its alias `audience`, each once.
pub fn requested(params: &Params) -> Result<Vec<ResourceUri>, Fault> {
    let mut resources: Vec<ResourceUri> = Vec::new();
    for text in params.all("resource").chain(params.all("audience")) {
        if resources.iter().any(|each| each.as_str() == text) {
            continue;
        }
        if resources.len() == MAX_REQUESTED {
            return Err(invalid("the request names too many resources"));
        }
        resources.push(text.parse()?);
    }
    Ok(resources)
}

fn invalid(about: impl Into<std::borrow::Cow<'static, str>>) -> Fault {
    Fault::new(ErrorCode::InvalidTarget, about)
}

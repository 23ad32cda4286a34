//! Token revocation (RFC 7009 §2.1).

use std::fmt;

use super::error::Fault;
use super::params::Params;

/// Which token is to end.
#[derive(Clone)]
pub struct RevocationRequest {
    pub token: String,
}

impl RevocationRequest {
    /// `token_type_hint` may be there and is not read: a wrong hint must not matter (§2.2.1), so a right one need not.
    pub fn parse(params: &Params) -> Result<Self, Fault> {
        Ok(Self { token: params.required("token")?.to_owned() })
    }
}

impl fmt::Debug for RevocationRequest {
    /// Without the token, which is a credential.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RevocationRequest").finish_non_exhaustive()
    }
}

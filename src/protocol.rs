//! Wire types of OAuth 2 and OpenID Connect: parse, validate, print. The first line of each file names its RFC and
//! section. Nothing here waits, reads a clock, draws a random number or knows an HTTP library.

#[macro_use]
mod names;
#[macro_use]
mod checked_text;

pub mod access_token;
pub mod authorization;
pub mod bearer;
pub mod claims;
pub mod claims_request;
pub mod client_assertion;
pub mod client_authentication;
pub mod client_keys;
pub mod client_metadata;
pub mod client_signed;
pub mod discovery;
pub mod error;
pub mod id_token;
pub mod introspection;
pub mod jwk;
pub mod jws;
pub mod languages;
pub mod logout;
pub mod logout_token;
pub mod members;
pub mod params;
pub mod pkce;
pub mod provider;
pub mod redirect_uri;
pub mod request_object;
pub mod resource;
pub mod revocation;
pub mod scope;
pub mod token;
pub mod uri;
pub mod userinfo;

pub use error::{ErrorCode, Fault, OAuthError};
pub use names::UnknownName;
pub use params::Params;

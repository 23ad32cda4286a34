//! The chapters of the OpenAPI document.

use poem_openapi::Tags;

#[derive(Tags)]
pub enum Tag {
    /// What clients call.
    #[oai(rename = "OAuth 2")]
    OAuth,
    /// What verifiers and client libraries read.
    #[oai(rename = "Keys and metadata")]
    Documents,
    /// What people do with their own accounts.
    People,
    /// What administrators, and services in their name, govern by.
    Administration,
    /// What operators and their machines ask.
    Operations,
}

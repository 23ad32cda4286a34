//! Providers that speak OAuth 2 and nothing else: who signed in is what an API of theirs says to whoever has the token.

use serde_json::Value;

use super::{Answered, Call, ProviderResult, wrong};
use crate::protocol::provider::Endpoints;

impl Call<'_> {
    /// What the API says of whoever the code is of. An address counts as theirs only as far as a list says so.
    pub async fn profile(&self, endpoints: &Endpoints, answered: &Answered<'_>) -> ProviderResult<Value> {
        let tokens = self.exchange(&endpoints.token, false, answered).await?;
        let token = tokens["access_token"].as_str().ok_or_else(|| wrong("it gives no access token"))?;
        let mut profile = self.get(&endpoints.userinfo, Some(token)).await?;
        let Some(emails) = &endpoints.emails else { return Ok(profile) };
        let names = &self.upstream.description.claims;
        let emails = self.get(emails, Some(token)).await?;
        let own = emails.as_array().into_iter().flatten().find(|email| email["primary"] == true);
        if let Some(profile) = profile.as_object_mut() {
            let said = |name: &str| own.map_or(Value::Null, |email| email[name].clone());
            profile.insert(names.email.clone(), said("email"));
            profile.insert(names.email_verified.clone(), said("verified"));
        }
        Ok(profile)
    }
}

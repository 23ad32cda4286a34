//! Whether the providers that people sign in with answer.

use super::{Findings, Verdict};
use crate::protocol::provider::Description;
use crate::remote;
use crate::store::Store;

pub async fn look(store: &Store, findings: &mut Findings) {
    let rows = match store.upstreams().await {
        Ok(rows) => rows,
        Err(error) => {
            findings.add("people", Verdict::Wrong, format!("the providers cannot be looked at: {error}"));
            return;
        }
    };
    for row in rows {
        let description = serde_json::from_str::<Description>(&row.document).ok().filter(|said| said.enabled);
        // Of those that make no ID tokens nothing can be asked without somebody who signs in.
        let Some(issuer) = description.and_then(|said| said.issuer) else { continue };
        let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        match remote::get_json(&url).await {
            Ok(document) if document["issuer"] == issuer.as_str() => {
                findings.add("people", Verdict::Ok, format!("{} answers, with which people sign in", row.name));
            }
            Ok(_) => {
                let message = format!(
                    "{} is not the issuer {issuer} that it is described as: nobody can sign in with it",
                    row.name
                );
                findings.add("people", Verdict::Warning, message);
            }
            Err(error) => {
                let message = format!("nobody can sign in with {}: {url} cannot be read ({error})", row.name);
                findings.add("people", Verdict::Warning, message);
            }
        }
    }
}

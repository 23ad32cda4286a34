//! Who can sign in, and by what.

use super::{Findings, Verdict};
use crate::config::Config;
use crate::directory::FIRST_PARTY;
use crate::protocol::client_authentication::AuthMethod;
use crate::protocol::client_metadata::ClientMetadata;
use crate::protocol::token::GrantType;
use crate::store::clients::ClientRow;
use crate::store::roles::ADMIN;
use crate::store::users::UserFilter;
use crate::store::{Store, StoreResult};

/// Clients that are read at once.
const PAGE: i64 = 200;

pub fn settings(config: &Config, findings: &mut Findings) {
    if config.development() {
        return;
    }
    if !config.limits.enabled {
        let message = "passwords can be guessed without limits: take COUNTERSIGN_LIMITS__ENABLED=false away";
        findings.add("people", Verdict::Warning, message);
    }
    if !config.accounts.require_verified_email {
        let message = "people sign in with addresses that may not be theirs: set accounts.require_verified_email";
        findings.add("people", Verdict::Warning, message);
    }
}

pub async fn look(store: &Store, config: &Config, findings: &mut Findings) {
    if let Err(error) = administrators(store, config, findings).await {
        findings.add("people", Verdict::Wrong, format!("the accounts cannot be looked at: {error}"));
    }
    if let Err(error) = clients(store, findings).await {
        findings.add("people", Verdict::Wrong, format!("the clients cannot be looked at: {error}"));
    }
}

async fn administrators(store: &Store, config: &Config, findings: &mut Findings) -> StoreResult<()> {
    let filter =
        UserFilter { role: Some(ADMIN.to_owned()), enabled: Some(true), locked: Some(false), ..UserFilter::default() };
    if !store.users(filter, None, 1).await?.is_empty() {
        findings.add("people", Verdict::Ok, "there is an administrator who can sign in");
    } else if !config.development() {
        let message = "nobody who can sign in has the role admin: countersign user create --role admin makes somebody";
        findings.add("people", Verdict::Warning, message);
    }
    Ok(())
}

async fn clients(store: &Store, findings: &mut Findings) -> StoreResult<()> {
    let mut after: Option<String> = None;
    loop {
        let page = store.clients(after.as_deref(), PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.id.clone());
        for row in &page {
            client(row, findings);
        }
    }
}

fn client(row: &ClientRow, findings: &mut Findings) {
    let id = &row.id;
    if id == FIRST_PARTY {
        if row.disabled_at.is_some() {
            let message =
                format!("{id} is disabled, so nobody signs in at /api/v1/auth: countersign client enable {id}");
            findings.add("people", Verdict::Warning, message);
        }
        return;
    }
    let Some(metadata) = ClientMetadata::parse(row.document.as_bytes()).ok().filter(|_| row.disabled_at.is_none())
    else {
        return;
    };
    if !metadata.require_pkce {
        let message = format!(
            "{id} gets codes without PKCE, which whoever intercepts one could use: let its library send a challenge, and \
             take require_pkce away from what it registered"
        );
        findings.add("people", Verdict::Warning, message);
    }
    let takes_passwords = metadata.grant_types.contains(&GrantType::Password);
    if takes_passwords && row.auth_method == AuthMethod::None.as_str() {
        let message = format!(
            "anybody can take passwords in the name of the public client {id}: give it a secret, or another grant"
        );
        findings.add("people", Verdict::Warning, message);
    }
}

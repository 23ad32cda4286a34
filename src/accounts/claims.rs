//! What clients are told of a user — OpenID Connect Core §5. What they may be told was granted; whether they still may is
//! looked at each time.

use serde_json::{Map, Value};

use super::details;
use crate::app::App;
use crate::directory::Client;
use crate::failure::Outcome;
use crate::protocol::claims_request::ClaimsRequest;
use crate::protocol::scope::ScopeSet;
use crate::protocol::userinfo;
use crate::store::grants::GrantRow;
use crate::store::users::UserRow;

/// What the userinfo endpoint says of a user, besides who it is: what the scopes ask for, and what the client asked for by
/// name. `None` when there is no such user.
pub async fn at_userinfo(
    app: &App,
    client: &Client,
    user_id: &str,
    scope: &ScopeSet,
    asked: Option<&str>,
) -> Outcome<Option<Map<String, Value>>> {
    let Some(user) = app.store.user(user_id).await? else { return Ok(None) };
    let asked = ClaimsRequest::stored(asked).userinfo;
    let mut names = userinfo::of_scopes(scope);
    names.extend(may_be_told(app, client, &asked).await?);
    Ok(Some(claims(&user, &names)?))
}

/// What an ID token says of a user: what the client asked for by name.
pub async fn in_id_token(app: &App, client: &Client, grant: &GrantRow) -> Outcome<Map<String, Value>> {
    let asked = ClaimsRequest::stored(grant.claims.as_deref()).id_token;
    let names = may_be_told(app, client, &asked).await?;
    if names.is_empty() {
        return Ok(Map::new());
    }
    match app.store.user(&grant.user_id).await? {
        Some(user) => claims(&user, &names),
        None => Ok(Map::new()),
    }
}

/// A claim that is asked for by name belongs to a scope, which the client has to be registered for.
async fn may_be_told(app: &App, client: &Client, asked: &[String]) -> Outcome<Vec<&'static str>> {
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    let scopes = client.scopes(&app.directory.scopes().await?.known);
    let of_client = userinfo::of_scopes(&scopes);
    Ok(of_client.into_iter().filter(|name| asked.iter().any(|each| each == name)).collect())
}

/// What there is of these claims; what is not known of the user is left out (§5.3.2).
fn claims(user: &UserRow, names: &[&'static str]) -> Outcome<Map<String, Value>> {
    let profile = details::profile(user)?;
    let told = names.iter().filter_map(|name| Some(((*name).to_owned(), claim(user, &profile, name)?)));
    Ok(told.collect())
}

fn claim(user: &UserRow, profile: &Value, name: &str) -> Option<Value> {
    match name {
        "name" => user.name.clone().map(Value::from),
        "given_name" => user.given_name.clone().map(Value::from),
        "family_name" => user.family_name.clone().map(Value::from),
        "preferred_username" => Some(user.username.clone().into()),
        "updated_at" => Some(user.updated_at.seconds().into()),
        "email" => Some(user.email.clone().into()),
        "email_verified" => Some(user.verified_at.is_some().into()),
        // Nobody has called it.
        "phone_number_verified" => userinfo::in_profile(profile, "phone_number").map(|_| false.into()),
        name => userinfo::in_profile(profile, name),
    }
}

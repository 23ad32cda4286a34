//! Which providers somebody signs in with, as they see it, and how one of them is given up.

use serde_json::json;

use crate::accounts::letters::{self, About};
use crate::app::App;
use crate::audit::{Act, Actor, Entry, Origin};
use crate::failure::{Outcome, Reason, Refused};
use crate::protocol::error::ErrorCode;
use crate::store::identities::Unlinked;
use crate::time::UnixTime;

/// One that somebody is linked to.
#[derive(Clone, Debug)]
pub struct Linked {
    pub id: String,
    pub upstream_id: String,
    pub label: String,
    pub email: Option<String>,
    pub linked_at: UnixTime,
    pub last_login_at: Option<UnixTime>,
}

pub async fn links(app: &App, user_id: &str) -> Outcome<Vec<Linked>> {
    let upstreams = app.directory.upstreams().await?;
    let rows = app.store.identities_of(user_id).await?;
    let linked = rows.into_iter().map(|row| {
        let upstream = upstreams.iter().find(|upstream| upstream.id == row.upstream_id);
        Linked {
            label: upstream.map_or_else(String::new, |upstream| upstream.description.label.clone()),
            id: row.id,
            upstream_id: row.upstream_id,
            email: row.email,
            linked_at: row.linked_at,
            last_login_at: row.last_login_at,
        }
    });
    Ok(linked.collect())
}

/// What the form says of a link that cannot go.
pub const LAST_WAY_IN: &str = "is the only way to sign in to the account";

/// Gives one up, unless nothing else would let the user in. Whose account it is hears of it.
pub async fn unlink(app: &App, user_id: &str, id: &str, origin: &Origin, now: UnixTime) -> Outcome<()> {
    let upstreams = app.directory.upstreams().await?;
    let unknown = || Refused::new(ErrorCode::NotFound, Reason::NotThere, "nothing of that kind is linked");
    let own = app.store.identities_of(user_id).await?.into_iter().find(|row| row.id == id).ok_or_else(unknown)?;
    let of = upstreams.iter().find(|upstream| upstream.id == own.upstream_id).ok_or_else(unknown)?;
    let user = app.store.user(user_id).await?.ok_or_else(unknown)?;
    let entry = Entry::new(Act::IdentityUnlinked, Actor::User(user_id)).on("user", user_id);
    let record = entry.with(json!({ "upstream": of.name })).from(origin).record(now);
    let letter = letters::provider(app, &user, (About::Unlinked, &of.description.label), origin, now)?;
    match app.store.unlink(own.id, user.id, letter, record, now).await? {
        Unlinked::Done => Ok(()),
        Unlinked::Unknown => Err(unknown().into()),
        Unlinked::LastWay => Err(Refused { reason: Reason::LastWayIn, ..Refused::field("unlink", LAST_WAY_IN) }.into()),
    }
}

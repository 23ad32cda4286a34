//! On a developer's machine the first start makes an administrator, so that there is somebody to sign in as.

use super::administer::{self, Created, PasswordChoice};
use super::details::{Details, NewAccount};
use crate::app::App;
use crate::audit::By;
use crate::authority::Authority;
use crate::failure::{Failure, Outcome};
use crate::secret::{FirstPassword, Password, Plain};
use crate::store::generations::Kind;
use crate::store::roles::ADMIN;
use crate::time::UnixTime;

pub const USERNAME: &str = "admin";

/// The password, for the one who started the server; `None` when there was a first start before.
pub async fn administrator(app: &App, now: UnixTime) -> Outcome<Option<Plain<Password>>> {
    // Of several nodes that start at once one makes it; and one that was deleted does not come back.
    if !app.config.development() || !app.store.claim_first(Kind::Users).await? {
        return Ok(None);
    }
    let password: Plain<Password> = Plain::presented(Plain::<FirstPassword>::generate().reveal());
    let account =
        NewAccount { username: USERNAME.to_owned(), email: "admin@localhost".to_owned(), details: Details::default() };
    let created = Created {
        account,
        password: Some(PasswordChoice::Chosen(password.clone())),
        roles: vec![ADMIN.to_owned()],
        verified: true,
        in_bulk: false,
    };
    let authority = Authority::new(By::system(), None);
    match administer::create(app, created, &authority, now).await {
        Ok(_) => Ok(Some(password)),
        // Somebody of this name was made by a command before.
        Err(Failure::Refused(_)) => Ok(None),
        Err(broken) => Err(broken),
    }
}

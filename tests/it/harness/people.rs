//! People and the apps that they sign in at.

use countersign::accounts::names;
use countersign::protocol::client_authentication::AuthMethod;
use countersign::protocol::client_metadata::ClientMetadata;
use countersign::secret::{PasswordHash, Plain, random_id};
use countersign::store::new_id;
use countersign::store::roles::RoleSetting;
use countersign::store::users::{Amended, Amendment, NewUser, Spared, UserChange, UserRow};
use countersign::time::UnixTime;

use super::{Answer, Node, Persona, TOKEN, Token, World, audited, secrets};

/// Somebody who knows a password.
#[derive(Clone, Debug)]
pub struct User {
    pub id: String,
    pub username: String,
    pub email: String,
    pub password: String,
}

/// The row of a user to be, with nothing in it but names.
pub fn user_row(id: &str, username: &str, now: UnixTime) -> UserRow {
    let email = format!("{username}@example.org");
    UserRow {
        id: id.to_owned(),
        username: username.to_owned(),
        username_key: names::fold(username),
        email_key: names::fold(&email),
        email,
        given_name: None,
        family_name: None,
        name: None,
        name_key: None,
        profile: "{}".to_owned(),
        password_hash: None,
        password_kind: None,
        must_reset_password: false,
        verified_at: Some(now),
        unconfirmed_until: None,
        disabled_at: None,
        locked_at: None,
        last_login_at: None,
        created_at: now,
        updated_at: now,
        version: 1,
        epoch: 1,
    }
}

/// A change of a user by which nothing changes yet.
pub fn amendment(user_id: &str, now: UnixTime) -> Amendment {
    Amendment::new(user_id.to_owned(), UserChange::default(), audited(), now)
}

impl World {
    /// A user of this name, with an address and a password that was made up.
    pub async fn user(&self, username: &str) -> User {
        self.user_with(username, |_| ()).await
    }

    /// As above; the story says what else the user is.
    pub async fn user_with(&self, username: &str, change: impl FnOnce(&mut NewUser)) -> User {
        let now = self.clock.now();
        let password = format!("Pass phrase of {username} {}", random_id());
        secrets::note(&password);
        let hash = self.app.passwords.hash(&Plain::presented(password.as_str())).await.expect("a hash");
        let row = user_row(&new_id(now), username, now);
        let row = UserRow { password_kind: Some(hash.kind()), password_hash: Some(hash), ..row };
        let mut new = NewUser { user: row, roles: Vec::new(), letter: None };
        change(&mut new);
        let UserRow { id, username, email, .. } = new.user.clone();
        self.app.store.add_user(new, audited()).await.expect("the store answers").expect("nobody has the name");
        User { id, username, email, password }
    }

    /// Changes a user behind the server's back.
    pub async fn amend(&self, user: &User, change: impl FnOnce(&mut Amendment)) -> UserRow {
        let mut amendment = amendment(&user.id, self.clock.now());
        change(&mut amendment);
        match self.app.store.amend_user(amendment).await.expect("the store answers") {
            Amended::Done(row) => *row,
            other => panic!("the user is there: {other:?}"),
        }
    }

    /// What an administrator does to lock somebody out, and in again.
    pub async fn lock(&self, user: &User, locked_at: Option<UnixTime>) {
        self.amend(user, |amendment| amendment.change.locked_at = Some(locked_at)).await;
    }

    pub async fn disable_user(&self, user: &User, disabled_at: Option<UnixTime>) {
        self.amend(user, |amendment| amendment.change.disabled_at = Some(disabled_at)).await;
    }

    pub async fn give_roles(&self, user: &User, roles: &[&str]) {
        let roles = roles.iter().map(ToString::to_string).collect();
        self.amend(user, |amendment| amendment.roles = Some(roles)).await;
    }

    /// Another password, after which nothing that was granted before is good.
    pub async fn change_password(&self, user: &User, hash: PasswordHash) {
        self.amend(user, |amendment| {
            amendment.change.password_kind = Some(Some(hash.kind()));
            amendment.change.password_hash = Some(Some(hash));
            amendment.ends_grants = Some(Spared(None));
        })
        .await;
    }

    /// Makes a role or says what it gives from now on, and waits until the first node knows.
    pub async fn role(&self, name: &str, scopes: &[&str]) {
        let scopes = scopes.iter().map(ToString::to_string).collect();
        let setting = RoleSetting { name: name.to_owned(), description: None, scopes, from_version: None };
        self.app.store.set_role(setting, audited(), self.clock.now()).await.expect("a role");
        self.look().await;
    }

    /// A client with a secret at which people sign in; the story says what else it is.
    pub async fn app(&self, change: impl FnOnce(&mut ClientMetadata)) -> Persona {
        self.client(r#"{"grant_types":["password","refresh_token"]}"#, change).await
    }

    /// The same without a secret.
    pub async fn public_app(&self, change: impl FnOnce(&mut ClientMetadata)) -> Persona {
        let document = r#"{"grant_types":["password","refresh_token"],"token_endpoint_auth_method":"none"}"#;
        self.client(document, change).await
    }

    /// A client with a secret that sends people here with a browser; the story says what else it is.
    pub async fn web_app(&self, change: impl FnOnce(&mut ClientMetadata)) -> Persona {
        let document = r#"{"client_name":"Shop","grant_types":["authorization_code","refresh_token"],
            "redirect_uris":["https://shop.example/callback"],"scope":"openid email offline_access"}"#;
        self.client(document, change).await
    }

    /// This server's own client.
    pub fn first_party(&self) -> Persona {
        let (secret, secret_id) = (String::new(), String::new());
        Persona { id: "first-party".to_owned(), secret, secret_id, method: AuthMethod::None }
    }
}

impl Persona {
    /// Signs a user in by name and password; `form` is all the rest.
    pub async fn sign_in(&self, node: &Node, user: &User, form: &[(&str, &str)]) -> Answer {
        self.sign_in_as(node, &user.username, &user.password, form).await
    }

    pub async fn sign_in_as(&self, node: &Node, name: &str, password: &str, form: &[(&str, &str)]) -> Answer {
        let own = [("grant_type", "password"), ("username", name), ("password", password)];
        let answer = self.post(node, TOKEN, &[&own, form].concat()).await;
        answer.never_says(&[password]);
        answer
    }

    /// Asserts that the user gets in.
    pub async fn signed_in(&self, node: &Node, user: &User, form: &[(&str, &str)]) -> Token {
        Token::of(&self.sign_in(node, user, form).await)
    }

    pub async fn refresh(&self, node: &Node, token: &str, form: &[(&str, &str)]) -> Answer {
        let own = [("grant_type", "refresh_token"), ("refresh_token", token)];
        self.post(node, TOKEN, &[&own, form].concat()).await
    }

    /// Asserts that the token is renewed.
    pub async fn refreshed(&self, node: &Node, token: &str, form: &[(&str, &str)]) -> Token {
        Token::of(&self.refresh(node, token, form).await)
    }
}

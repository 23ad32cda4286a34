//! What the forms of an account's pages do.

use http::StatusCode;
use http::header::SET_COOKIE;
use minijinja::{Value, context};
use poem::Response;

use super::{ACCOUNT, Kind, PAGES, Visit};
use crate::accounts::details::Details;
use crate::accounts::profile::{self, Oneself, OwnChange};
use crate::accounts::{consents, elsewhere, sessions};
use crate::audit::{Actor, Origin};
use crate::directory::FIRST_PARTY;
use crate::failure::{Failure, Outcome};
use crate::http::authorization::see_other;
use crate::http::cookies;
use crate::http::html::links::faults_of;
use crate::http::html::render::Reader;
use crate::protocol::members::{Members, Patch};
use crate::secret::{Password, Plain, SessionSecret};
use crate::time::UnixTime;

/// What was done, or why not and what had been filled in.
type Done = Result<&'static str, (Failure, Value)>;

impl Visit<'_> {
    pub(super) async fn act(&self, kind: Kind, form: Members, origin: &Origin, now: UnixTime) -> Outcome<Response> {
        let done = match kind {
            Kind::Profile => self.change_profile(form, origin, now).await,
            Kind::Email => self.change_email(form, origin, now).await,
            Kind::Password => self.change_password(form, origin, now).await,
            Kind::Sessions => self.end_session(form, origin, now).await,
            Kind::Apps => self.withdraw(form, origin, now).await,
            Kind::Linked => self.unlink(form, origin, now).await,
            Kind::Close => match self.close(form, origin, now).await {
                Ok(()) => return self.gone("account.closed_title", "account.closed"),
                Err(failure) => Err((failure, context! {})),
            },
            Kind::SignOut => {
                sessions::sign_out(self.app, &self.standing.session, None, origin, now).await?;
                return self.gone("account.signed_out_title", "account.signed_out");
            }
        };
        match done {
            Ok(done) => {
                let path = PAGES.iter().find(|(each, ..)| *each == kind).map_or(ACCOUNT, |(_, path, ..)| path);
                let locales = Reader::locales(self.request).replace('?', "&");
                see_other(&format!("{}?done={done}{locales}", self.app.config.issuer.endpoint(path)))
            }
            Err((failure, filled)) => {
                let faults = faults_of(self.app, self.request, failure)?;
                self.show(kind, StatusCode::UNPROCESSABLE_ENTITY, filled, &faults).await
            }
        }
    }

    /// In this session, which goes on when others end.
    fn oneself<'o>(&'o self, origin: &'o Origin) -> Oneself<'o> {
        let session = &self.standing.session;
        let user_id = session.user_id.as_str();
        Oneself { user_id, client_id: FIRST_PARTY, grant_id: None, session: Some(session), origin }
    }

    async fn change_profile(&self, mut form: Members, origin: &Origin, now: UnixTime) -> Done {
        let username = form.text("username");
        let mut name = |field| form.optional_text(field).filter(|name| !name.trim().is_empty());
        let (given_name, family_name, full_name) = (name("given_name"), name("family_name"), name("name"));
        let filled = context! {
            login => username.as_str(),
            given_name => given_name.as_deref().unwrap_or_default(),
            family_name => family_name.as_deref().unwrap_or_default(),
            name => full_name.as_deref().unwrap_or_default(),
        };
        // A field that is empty is one that was cleared.
        let said = |name: Option<String>| name.map_or(Patch::Clear, Patch::Set);
        let (given_name, family_name, name) = (said(given_name), said(family_name), said(full_name));
        let details = Details { given_name, family_name, name, profile: Patch::Keep };
        let change = OwnChange { username: Some(username), details, ..OwnChange::default() };
        if let Err(faults) = form.finish() {
            return Err((faults.into(), filled));
        }
        let done = profile::change(self.app, self.oneself(origin), change, None, now).await;
        done.map(|_| "profile").map_err(|failure| (failure, filled))
    }

    async fn change_email(&self, mut form: Members, origin: &Origin, now: UnixTime) -> Done {
        let email = form.text("email");
        let filled = context! { new_email => email.as_str() };
        let current_password = match self.current_password(&mut form).await {
            Ok(password) => password,
            Err(failure) => return Err((failure, filled)),
        };
        if let Err(faults) = form.finish() {
            return Err((faults.into(), filled));
        }
        let email = Some(email.trim().to_owned());
        let change = OwnChange { email, current_password, ..OwnChange::default() };
        let done = profile::change(self.app, self.oneself(origin), change, None, now).await;
        let told = if self.app.config.accounts.require_verified_email { "email-asked" } else { "email" };
        done.map(|_| told).map_err(|failure| (failure, filled))
    }

    async fn change_password(&self, mut form: Members, origin: &Origin, now: UnixTime) -> Done {
        let (current, new) = (form.secret::<Password>("current_password"), form.secret::<Password>("new_password"));
        // What keeps passwords wants to know whose it is.
        form.ignore("username");
        let done = match form.finish() {
            Ok(()) => profile::change_password(self.app, self.oneself(origin), &current, &new, now).await,
            Err(faults) => Err(faults.into()),
        };
        done.map(|()| "password").map_err(|failure| (failure, context! {}))
    }

    async fn end_session(&self, mut form: Members, origin: &Origin, now: UnixTime) -> Done {
        let (id, others) = (form.optional_text("end"), form.optional_text("others"));
        let session = &self.standing.session;
        let done = match (form.finish(), id) {
            (Err(faults), _) => Err(faults.into()),
            (Ok(()), Some(id)) => {
                let user = session.user_id.as_str();
                sessions::end(self.app, user, &id, Actor::User(user), origin, now).await.map(|()| "session")
            }
            (Ok(()), None) if others.is_some() => {
                sessions::end_others(self.app, session, origin, now).await.map(|()| "others")
            }
            (Ok(()), None) => Err(crate::http::html::forms::foreign()),
        };
        done.map_err(|failure| (failure, context! {}))
    }

    async fn withdraw(&self, mut form: Members, origin: &Origin, now: UnixTime) -> Done {
        let client_id = form.text("client_id");
        let user = self.standing.session.user_id.as_str();
        let done = match form.finish() {
            Ok(()) => consents::withdraw(self.app, user, &client_id, origin, now).await,
            Err(faults) => Err(faults.into()),
        };
        done.map(|()| "app").map_err(|failure| (failure, context! {}))
    }

    async fn unlink(&self, mut form: Members, origin: &Origin, now: UnixTime) -> Done {
        let id = form.text("unlink");
        let user = self.standing.session.user_id.as_str();
        let done = match form.finish() {
            Ok(()) => elsewhere::unlink(self.app, user, &id, origin, now).await,
            Err(faults) => Err(faults.into()),
        };
        done.map(|()| "unlinked").map_err(|failure| (failure, context! {}))
    }

    async fn close(&self, mut form: Members, origin: &Origin, now: UnixTime) -> Outcome<()> {
        let current = self.current_password(&mut form).await?;
        form.ignore("username");
        form.finish()?;
        profile::close_proven(self.app, self.oneself(origin), current.as_ref(), now).await
    }

    /// Which a form has to hold where the account has one.
    async fn current_password(&self, form: &mut Members) -> Outcome<Option<Plain<Password>>> {
        if self.user().await?.password_hash.is_some() {
            return Ok(Some(form.secret("current_password")));
        }
        form.ignore("current_password");
        Ok(None)
    }

    /// Nobody is signed in with this browser any more.
    fn gone(&self, heading: &str, about: &str) -> Outcome<Response> {
        let mut response = self.reader().told(heading, about)?;
        if let Some(value) = cookies::end::<SessionSecret>(self.app) {
            response.headers_mut().append(SET_COOKIE, value);
        }
        Ok(response)
    }
}

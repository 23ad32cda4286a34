//! What each page of an account shows.

use minijinja::{Value, context};

use super::{Kind, PAGES, Visit};
use crate::accounts::{Session, SessionKind, browser, consents, elsewhere, sessions};
use crate::authorize;
use crate::directory::Upstream;
use crate::failure::{Outcome, Reason, Refused};
use crate::http::html::render::Reader;
use crate::http::html::{devices, elsewhere as pages_elsewhere};
use crate::protocol::error::ErrorCode;
use crate::protocol::members::FieldFault;
use crate::protocol::scope::ScopeSet;
use crate::store::users::UserRow;

/// More than anybody reads; who has more of them ends all others at once.
const MOST: i64 = 100;

impl Visit<'_> {
    /// The values of a page, and whom its forms lead to.
    pub(super) async fn values<'u>(
        &self,
        kind: Kind,
        reader: &Reader<'_>,
        faults: &[FieldFault],
        upstreams: &'u [Upstream],
    ) -> Outcome<(Value, Vec<&'u Upstream>)> {
        let about = |field: &str| reader.faults(faults, field);
        let values = match kind {
            Kind::Profile => {
                let UserRow { given_name, family_name, name, username: login, .. } = self.user().await?;
                let or_empty = Option::unwrap_or_default;
                context! {
                    login,
                    given_name => or_empty(given_name),
                    family_name => or_empty(family_name),
                    name => or_empty(name),
                    login_faults => about("username"),
                    given_name_faults => about("given_name"),
                    family_name_faults => about("family_name"),
                    name_faults => about("name"),
                }
            }
            Kind::Email => {
                let user = self.user().await?;
                let (proof, leads_to) = self.proof(kind, &user, reader, faults, upstreams).await?;
                let email_faults = about("email");
                let own = context! { is_verified => user.verified_at.is_some(), new_email => "", email_faults };
                return Ok((context! { ..own, ..proof }, leads_to));
            }
            Kind::Password => {
                let UserRow { email, password_hash, .. } = self.user().await?;
                context! {
                    email,
                    has_password => password_hash.is_some(),
                    min_length => self.app.config.passwords.min_length,
                    password_hint => reader.password_hint(),
                    current_faults => about("current_password"),
                    new_faults => about("new_password"),
                }
            }
            Kind::Close => return self.proof(kind, &self.user().await?, reader, faults, upstreams).await,
            Kind::Sessions => context! { sessions => self.sessions(reader).await? },
            Kind::Apps => context! { apps => self.apps(reader).await? },
            Kind::Linked => {
                let enabled = upstreams.iter().filter(|upstream| upstream.description.enabled).collect();
                let (proof, _) = self.proof(kind, &self.user().await?, reader, faults, upstreams).await?;
                let own = self.linked(reader, about("unlink"), upstreams).await?;
                return Ok((context! { ..own, ..proof }, enabled));
            }
            Kind::SignOut => context! {},
        };
        Ok((values, Vec::new()))
    }

    /// By what somebody shows that the account is theirs: by its password, and where it has none by having signed in a moment ago.
    /// Whoever did not may sign in again, with one of those that they are linked to.
    async fn proof<'u>(
        &self,
        kind: Kind,
        user: &UserRow,
        reader: &Reader<'_>,
        faults: &[FieldFault],
        upstreams: &'u [Upstream],
    ) -> Outcome<(Value, Vec<&'u Upstream>)> {
        let has_password = user.password_hash.is_some();
        let is_recent = browser::is_recent(&self.standing.session, self.app.clock.now());
        let is_proven = !has_password && is_recent;
        let mut linked = Vec::new();
        if !has_password && !is_proven {
            let links = self.app.store.identities_of(&user.id).await?;
            let is_linked = |upstream: &&Upstream| links.iter().any(|link| link.upstream_id == upstream.id);
            linked.extend(upstreams.iter().filter(|upstream| upstream.description.enabled).filter(is_linked));
        }
        let again: Vec<Value> = linked.iter().map(|upstream| button(upstream)).collect();
        let values = context! {
            email => user.email.as_str(),
            has_password,
            is_proven,
            is_recent,
            again,
            here => PAGES.iter().find(|(each, ..)| *each == kind).map(|(_, path, ..)| *path),
            failed => pages_elsewhere::failed(reader, self.request, upstreams),
            current_faults => reader.faults(faults, "current_password"),
            again_faults => reader.faults(faults, "sign_in"),
        };
        Ok((values, linked))
    }

    pub(super) async fn user(&self) -> Outcome<UserRow> {
        let user = self.app.store.user(&self.standing.session.user_id).await?;
        user.ok_or_else(|| Refused::new(ErrorCode::NotFound, Reason::NotThere, "this account is gone").into())
    }

    async fn sessions(&self, reader: &Reader<'_>) -> Outcome<Vec<Value>> {
        let (app, own) = (self.app, &self.standing.session);
        let mut shown = Vec::new();
        for session in sessions::list(app, &own.user_id, None, MOST, app.clock.now()).await? {
            let Session { id, kind, client_id, device, address, created_at, last_used_at, .. } = session;
            let client = match &client_id {
                Some(id) => app.directory.client(id).await?.map(|client| client.name.clone()).or(client_id),
                None => None,
            };
            shown.push(context! {
                here => kind == SessionKind::Browser && id == own.id,
                id,
                client,
                device => devices::name(reader, device.as_deref()),
                address,
                since => reader.moment(created_at),
                last_used => reader.moment(last_used_at),
            });
        }
        Ok(shown)
    }

    /// What somebody is linked to, and what else there is.
    async fn linked(&self, reader: &Reader<'_>, unlink_faults: Vec<String>, upstreams: &[Upstream]) -> Outcome<Value> {
        let links = elsewhere::links(self.app, &self.standing.session.user_id).await?;
        let is_new = |id: &str| !links.iter().any(|link| link.upstream_id == id);
        let others: Vec<Value> = upstreams
            .iter()
            .filter(|upstream| upstream.description.enabled && is_new(&upstream.id))
            .map(button)
            .collect();
        let linked: Vec<Value> = links
            .iter()
            .map(|link| {
                context! {
                    id => link.id.as_str(),
                    label => link.label.as_str(),
                    email => link.email.as_deref(),
                    since => reader.moment(link.linked_at),
                    last_used => link.last_login_at.map(|at| reader.moment(at)),
                }
            })
            .collect();
        Ok(context! { linked, others, unlink_faults })
    }

    async fn apps(&self, reader: &Reader<'_>) -> Outcome<Vec<Value>> {
        let mut shown = Vec::new();
        for consent in consents::list(self.app, &self.standing.session.user_id, None, MOST).await? {
            let scope = ScopeSet::parse(&consent.scope).unwrap_or_default();
            let scopes = authorize::shown(self.app, &scope).await?;
            let scopes: Vec<String> = scopes.iter().map(|shown| reader.scope(&shown.name, &shown.about)).collect();
            let name = consent.client_name.unwrap_or_else(|| consent.client_id.clone());
            let since = reader.moment(consent.created_at);
            shown.push(context! { client_id => consent.client_id, name, scopes, since });
        }
        Ok(shown)
    }
}

/// What a button says that leads to a provider.
fn button(upstream: &Upstream) -> Value {
    context! { name => upstream.name.as_str(), label => upstream.description.label.as_str() }
}

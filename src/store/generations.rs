//! `generations`: a number per kind of description, raised in the transaction of every change. Nodes poll it and make it
//! part of their cache keys, so that nobody has to tell them what to forget.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::StoreResult;
use super::backend::{Store, read, write};
use super::schema::generations;

/// What has a generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Clients,
    Scopes,
    Resources,
    SigningKeys,
    Users,
    Roles,
    /// Which kinds of password hashes are stored.
    PasswordKinds,
    Upstreams,
}

impl Kind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Clients => "clients",
            Self::Scopes => "scopes",
            Self::Resources => "resources",
            Self::SigningKeys => "signing_keys",
            Self::Users => "users",
            Self::Roles => "roles",
            Self::PasswordKinds => "password_kinds",
            Self::Upstreams => "upstreams",
        }
    }
}

/// The numbers as they stood at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Generations {
    pub clients: i64,
    pub scopes: i64,
    pub resources: i64,
    pub signing_keys: i64,
    pub roles: i64,
    pub password_kinds: i64,
    pub upstreams: i64,
}

impl Store {
    pub async fn generations(&self) -> StoreResult<Generations> {
        let rows: Vec<(String, i64)> = read!(self, async |c| {
            Ok(generations::table.select((generations::kind, generations::number)).load(c).await?)
        })?;
        let number = |kind: Kind| rows.iter().find(|(name, _)| name == kind.as_str()).map_or(0, |(_, number)| *number);
        Ok(Generations {
            clients: number(Kind::Clients),
            scopes: number(Kind::Scopes),
            resources: number(Kind::Resources),
            signing_keys: number(Kind::SigningKeys),
            roles: number(Kind::Roles),
            password_kinds: number(Kind::PasswordKinds),
            upstreams: number(Kind::Upstreams),
        })
    }
}

impl Store {
    /// Whether nothing of this kind was ever changed; `true` for one caller, and never again.
    pub async fn claim_first(&self, kind: Kind) -> StoreResult<bool> {
        let rows = write!(self, async |c| {
            Ok(diesel::update(
                generations::table.filter(generations::kind.eq(kind.as_str())).filter(generations::number.eq(FRESH)),
            )
            .set(generations::number.eq(FRESH + 1))
            .execute(c)
            .await?)
        })?;
        Ok(rows == 1)
    }
}

/// What the migrations begin with.
const FRESH: i64 = 1;

/// `raise!(c, Kind::Clients)`: inside the transaction that changes something of that kind.
macro_rules! raise {
    ($c:ident, $kind:expr) => {{
        use $crate::store::schema::generations;
        diesel::update(generations::table.filter(generations::kind.eq($kind.as_str())))
            .set(generations::number.eq(generations::number + 1))
            .execute($c)
            .await?;
    }};
}

pub(super) use raise;

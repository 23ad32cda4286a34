//! `roles` and `role_scopes`: what users may do, in sets with names.

use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::RunQueryDsl;

use super::StoreResult;
use super::audit::{Record, record};
use super::backend::{Store, read, tx};
use super::generations::{Kind, raise};
use super::schema::{role_scopes, roles};
use crate::time::UnixTime;

/// The role that every user has.
pub const EVERYBODY: &str = "user";
/// The role that may do everything here.
pub const ADMIN: &str = "admin";

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    pub name: String,
    pub description: String,
    pub built_in: bool,
    pub scopes: Vec<String>,
    pub version: i64,
}

/// What a role should be from now on.
#[derive(Clone, Debug)]
pub struct RoleSetting {
    pub name: String,
    /// `None` leaves it as it is.
    pub description: Option<String>,
    pub scopes: Vec<String>,
    /// The version that the change was made from; 0 for a role that must not exist yet.
    pub from_version: Option<i64>,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoleSet {
    Created,
    Replaced,
    /// The role is no longer as the change supposes.
    Overtaken,
}

type RoleRow = (String, String, bool, i64);

impl Store {
    pub async fn roles(&self) -> StoreResult<Vec<Role>> {
        let (rows, scopes): (Vec<RoleRow>, Vec<(String, String)>) = read!(self, async |c| {
            let rows = roles::table
                .select((roles::name, roles::description, roles::built_in, roles::version))
                .order(roles::name)
                .load(c)
                .await?;
            let scopes = role_scopes::table
                .select((role_scopes::role, role_scopes::scope))
                .order((role_scopes::role, role_scopes::scope))
                .load(c)
                .await?;
            Ok((rows, scopes))
        })?;
        let scopes_of = |name: &str| {
            let its = scopes.iter().filter(|(role, _)| role == name);
            its.map(|(_, scope)| scope.clone()).collect()
        };
        Ok(rows
            .into_iter()
            .map(|(name, description, built_in, version)| Role {
                scopes: scopes_of(&name),
                name,
                description,
                built_in,
                version,
            })
            .collect())
    }

    pub async fn role(&self, name: &str) -> StoreResult<Option<Role>> {
        Ok(self.roles().await?.into_iter().find(|role| role.name == name))
    }

    /// Makes a role, or replaces the scopes of one. A scope that does not exist is a dangling reference.
    pub async fn set_role(&self, setting: RoleSetting, record: Record, now: UnixTime) -> StoreResult<RoleSet> {
        tx!(self, async |c| {
            let RoleSetting { name, description, scopes, from_version } = setting;
            let made = if from_version.unwrap_or(0) == 0 {
                let new = (
                    roles::name.eq(name.clone()),
                    roles::description.eq(description.clone().unwrap_or_default()),
                    roles::built_in.eq(false),
                    roles::created_at.eq(now),
                    roles::version.eq(1),
                );
                diesel::insert_into(roles::table).values(new).on_conflict_do_nothing().execute(c).await?
            } else {
                0
            };
            if made == 0 {
                let as_supposed = roles::table
                    .filter(roles::name.eq(name.clone()))
                    .filter(roles::version.eq(from_version.unwrap_or(0)).or(from_version.is_none().into_sql::<Bool>()));
                let rows = diesel::update(as_supposed)
                    .set((roles::version.eq(roles::version + 1), description.map(|text| roles::description.eq(text))))
                    .execute(c)
                    .await?;
                if rows == 0 {
                    return Ok(RoleSet::Overtaken);
                }
                diesel::delete(role_scopes::table.filter(role_scopes::role.eq(name.clone()))).execute(c).await?;
            }
            for scope in scopes {
                diesel::insert_into(role_scopes::table)
                    .values((role_scopes::role.eq(name.clone()), role_scopes::scope.eq(scope)))
                    .on_conflict_do_nothing()
                    .execute(c)
                    .await?;
            }
            raise!(c, Kind::Roles);
            record!(c, record);
            Ok(if made == 1 { RoleSet::Created } else { RoleSet::Replaced })
        })
    }

    /// Whether there was such a role that could go, in this version if one is given; the built-in ones stay. Users lose it.
    pub async fn delete_role(&self, name: String, version: Option<i64>, record: Record) -> StoreResult<bool> {
        tx!(self, async |c| {
            let as_supposed = roles::table
                .filter(roles::name.eq(name))
                .filter(roles::version.eq(version.unwrap_or(0)).or(version.is_none().into_sql::<Bool>()));
            let rows = diesel::delete(as_supposed.filter(roles::built_in.eq(false))).execute(c).await?;
            raise!(c, Kind::Roles);
            if rows == 1 {
                record!(c, record);
            }
            Ok(rows == 1)
        })
    }
}

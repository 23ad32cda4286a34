//! How the words of level 0 become columns, the same on both databases.

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql};
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::{BigInt, Text};

use crate::secret::{Hash, PasswordHash};
use crate::time::UnixTime;

/// Times are BIGINT, whole seconds.
impl<DB: Backend> ToSql<BigInt, DB> for UnixTime
where
    i64: ToSql<BigInt, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        self.as_i64().to_sql(out)
    }
}

impl<DB: Backend> FromSql<BigInt, DB> for UnixTime
where
    i64: FromSql<BigInt, DB>,
{
    fn from_sql(value: DB::RawValue<'_>) -> deserialize::Result<Self> {
        i64::from_sql(value).map(Self::from_seconds)
    }
}

/// Only the hashed form of a secret has a column; `Plain` has no such implementation, so it cannot be stored.
impl<K, DB: Backend> ToSql<Text, DB> for Hash<K>
where
    str: ToSql<Text, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        self.as_str().to_sql(out)
    }
}

impl<K, DB: Backend> FromSql<Text, DB> for Hash<K>
where
    String: FromSql<Text, DB>,
{
    fn from_sql(value: DB::RawValue<'_>) -> deserialize::Result<Self> {
        String::from_sql(value).map(Self::stored)
    }
}

impl<DB: Backend> ToSql<Text, DB> for PasswordHash
where
    str: ToSql<Text, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        self.as_str().to_sql(out)
    }
}

impl<DB: Backend> FromSql<Text, DB> for PasswordHash
where
    String: FromSql<Text, DB>,
{
    fn from_sql(value: DB::RawValue<'_>) -> deserialize::Result<Self> {
        String::from_sql(value).map(Self::stored)
    }
}

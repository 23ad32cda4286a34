//! The Postgres side: one pool, TLS where the URL asks for it, idle connections tried before they are used again.

use std::net::IpAddr;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use deadpool::Runtime;
use deadpool::managed::{Hook, HookError, Metrics};
use diesel::{ConnectionError, ConnectionResult};
use diesel_async::pooled_connection::deadpool::Pool;
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::FutureExt;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{StoreError, StoreResult};
use crate::config::Database;
use crate::tls;

pub type PostgresConnection = AsyncPgConnection;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

pub fn pool(url: &str, settings: &Database) -> StoreResult<Pool<PostgresConnection>> {
    let (config, connector) = target(url, settings)?;
    let mut manager = ManagerConfig::<PostgresConnection>::default();
    // Fast only asks whether a transaction was left open; the hook below asks the rest, and only when it is worth it.
    manager.recycling_method = RecyclingMethod::Fast;
    manager.custom_setup = Box::new(move |_| connect(config.clone(), connector.clone()).boxed());

    let ping_after = Duration::from_secs(settings.ping_after_idle_seconds);
    let recycle_after = Duration::from_secs(settings.pool_recycle_seconds);
    Pool::builder(AsyncDieselConnectionManager::new_with_config("", manager))
        .max_size(settings.pool_size)
        .wait_timeout(Some(Duration::from_millis(settings.pool_wait_milliseconds)))
        .create_timeout(Some(CONNECT_TIMEOUT))
        .recycle_timeout(Some(CONNECT_TIMEOUT))
        .runtime(Runtime::Tokio1)
        .pre_recycle(Hook::sync_fn(move |_: &mut PostgresConnection, metrics: &Metrics| {
            if recycle_after.as_secs() > 0 && metrics.age() > recycle_after {
                return Err(HookError::message("it is old enough to be replaced"));
            }
            Ok(())
        }))
        .pre_recycle(Hook::async_fn(move |connection: &mut PostgresConnection, metrics: &Metrics| {
            let idle = metrics.last_used();
            async move {
                if idle > ping_after {
                    diesel::select(diesel::dsl::sql::<diesel::sql_types::BigInt>("1"))
                        .execute(connection)
                        .await
                        .map_err(|_| HookError::message("it no longer answers"))?;
                }
                Ok(())
            }
            .boxed()
        }))
        .build()
        .map_err(|error| StoreError::Broken(error.to_string()))
}

/// Reads the URL. TLS always verifies the server: `require`, `verify-ca` and `verify-full` mean the same here.
fn target(url: &str, settings: &Database) -> StoreResult<(tokio_postgres::Config, Option<MakeRustlsConnect>)> {
    let url = url.replace("sslmode=verify-full", "sslmode=require").replace("sslmode=verify-ca", "sslmode=require");
    // The library's own message may quote the URL, and with it the password.
    let mut config = tokio_postgres::Config::from_str(&url)
        .map_err(|_| StoreError::Broken("the database URL cannot be read".to_owned()))?;
    config.application_name(&settings.application_name).connect_timeout(CONNECT_TIMEOUT);
    if ["sslmode=prefer", "sslmode=allow"].iter().any(|mode| url.contains(mode)) {
        let about = "the database URL leaves it open whether TLS is used: say sslmode=require, or sslmode=disable";
        return Err(StoreError::Broken(about.to_owned()));
    }
    if !wants_tls(&config, settings) {
        config.ssl_mode(SslMode::Disable);
        return Ok((config, None));
    }
    config.ssl_mode(SslMode::Require);
    let client = tls::client(settings.tls_ca.as_deref().map(Path::new))
        .map_err(|error| StoreError::Broken(format!("TLS to the database: {error}")))?;
    Ok((config, Some(MakeRustlsConnect::new(client))))
}

/// Without a word about TLS the client would try it and then refuse a self-made certificate; so it is asked for, or not.
fn wants_tls(config: &tokio_postgres::Config, settings: &Database) -> bool {
    match config.get_ssl_mode() {
        SslMode::Require => true,
        SslMode::Disable => false,
        _ => settings.tls_ca.is_some(),
    }
}

/// Whether what is said to the database crosses a network in the clear.
pub fn talks_in_clear(url: &str, settings: &Database) -> bool {
    let Ok((config, None)) = target(url, settings) else { return false };
    config.get_hosts().iter().any(|host| match host {
        Host::Tcp(name) => name != "localhost" && !name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback()),
        Host::Unix(_) => false,
    })
}

async fn connect(
    config: tokio_postgres::Config,
    connector: Option<MakeRustlsConnect>,
) -> ConnectionResult<PostgresConnection> {
    let bad = |error: tokio_postgres::Error| {
        let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        ConnectionError::BadConnection(format!("{error}: {cause}"))
    };
    match connector {
        Some(connector) => {
            let (client, connection) = config.connect(connector).await.map_err(bad)?;
            PostgresConnection::try_from_client_and_connection(client, connection).await
        }
        None => {
            let (client, connection) = config.connect(tokio_postgres::NoTls).await.map_err(bad)?;
            PostgresConnection::try_from_client_and_connection(client, connection).await
        }
    }
}

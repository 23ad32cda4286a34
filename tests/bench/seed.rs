//! People and their sign-ins, written into an installation's store past the server: a million of them cannot sign in one by
//! one.

use std::path::Path;

use countersign::accounts::administer::{self, Created, PasswordChoice};
use countersign::accounts::details::{Details, NewAccount};
use countersign::accounts::{Means, SignedIn, browser};
use countersign::app::App;
use countersign::audit::{Act, By, Origin};
use countersign::authority::Authority;
use countersign::config::Config;
use countersign::secret::{Plain, Setting};
use countersign::store::consents::ConsentRow;
use countersign::store::grants::{BLANK, DIGEST};
use countersign::time::Clock;
use countersign::tokens::refresh;
use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};

use crate::fault::{Fault, Result};
use crate::server::Storage;

/// The password of everybody here.
pub const PASSWORD: &str = "an ordinary phrase of people";
/// Rows of one INSERT.
const TOGETHER: usize = 500;

/// The doors of an installation, from this process.
pub struct Seed {
    app: App,
    storage: Storage,
    file: std::path::PathBuf,
}

/// A refresh token, and nothing else of its grant.
pub type Token = String;

impl Seed {
    pub async fn open(directory: &Path, issuer: &str, storage: &Storage) -> Result<Self> {
        let mut config = Config::default();
        let file = directory.join("data/countersign.db");
        config.keys.directory = directory.join("keys");
        config.database.url = Setting::new(match storage {
            Storage::Embedded => format!("sqlite:{}", file.display()),
            Storage::Shared { database, .. } => database.clone(),
        });
        config.issuer = issuer.parse().map_err(|_| Fault::Unable("the issuer".into()))?;
        let app = App::open(config, Clock::System).await.map_err(|error| Fault::Unable(error.to_string()))?;
        Ok(Self { app, storage: storage.clone(), file })
    }

    /// Users by these names.
    pub async fn users(&self, names: impl IntoIterator<Item = String>) -> Result<Vec<String>> {
        let mut ids = Vec::new();
        for username in names {
            let email = format!("{username}@example.com");
            let created = Created {
                account: NewAccount { username, email, details: Details::default() },
                password: Some(PasswordChoice::Chosen(Plain::presented(PASSWORD))),
                roles: Vec::new(),
                verified: true,
                in_bulk: false,
            };
            let user = administer::create(&self.app, created, &Authority::operator(), self.app.clock.now()).await;
            ids.push(user.map_err(|failure| Fault::Unable(format!("{failure:?}")))?.id);
        }
        Ok(ids)
    }

    /// Signs a user in with a browser, who lets a client have these scopes; the browser's cookie.
    pub async fn signed_in(&self, user: &str, client: &str, scope: &str) -> Result<String> {
        let unable = |error: String| Fault::Unable(error);
        let (app, now) = (&self.app, self.app.clock.now());
        let consent = ConsentRow {
            user_id: user.to_owned(),
            client_id: client.to_owned(),
            scope: scope.to_owned(),
            created_at: now,
            updated_at: now,
        };
        let record = By::operator().does(Act::ConsentGiven).on("client", client).record(now);
        app.store.set_consent(consent, record).await.map_err(|error| unable(error.to_string()))?;
        let row = app.store.user(user).await.map_err(|error| unable(error.to_string()))?;
        let epoch = row.ok_or_else(|| unable(format!("there is no user {user}")))?.epoch;
        let somebody =
            SignedIn { id: user.to_owned(), epoch, roles: Vec::new(), upgraded: None, means: Means::Password };
        let secret = browser::begin(app, somebody, None, client, &Origin::default(), now).await;
        let secret = secret.map_err(|failure| unable(format!("{failure:?}")))?;
        Ok(format!("countersign_session={}", secret.reveal()))
    }

    /// So many live grants of a user at a client, each with a refresh token; every `keep`th token comes back.
    pub async fn grants(&self, user: &str, client: &str, count: usize, keep: usize) -> Result<Vec<Token>> {
        let now = self.app.clock.now();
        let mut tokens = Vec::with_capacity(count / keep + 1);
        let mut rows = Vec::with_capacity(TOGETHER);
        for number in 0..count {
            let id = countersign::store::new_id(now);
            let (token, hash) = refresh::make(&self.app, &id);
            if number % keep == 0 {
                tokens.push(token.reveal().to_owned());
            }
            rows.push(format!(
                "('{id}', '{user}', '{client}', 0, '', '', {now}, {}, {now}, '{}', '{blank}', {now}, '{blank}', '{BLANK}')",
                now.plus(86_400 * 30),
                hash.as_str(),
                blank = &BLANK[..DIGEST],
            ));
            if rows.len() == TOGETHER || number + 1 == count {
                self.execute(&format!(
                    "INSERT INTO grants (id, user_id, client_id, user_epoch, scope, resources, created_at, expires_at, \
                     last_used_at, refresh_hash, previous_hash, rotated_at, rotation_request, successor) VALUES {}",
                    rows.join(", ")
                ))
                .await?;
                rows.clear();
            }
        }
        // As PostgreSQL does by itself soon after. SQLite does not: statistics would make it plan anew at every execution.
        if matches!(self.storage, Storage::Shared { .. }) {
            self.execute("ANALYZE grants").await?;
        }
        Ok(tokens)
    }

    /// Until what was written so quickly is on the disk: otherwise the first sync of the server would write all of it.
    pub async fn settle(&self) -> Result<()> {
        match &self.storage {
            Storage::Embedded => {
                self.execute("PRAGMA wal_checkpoint(PASSIVE)").await?;
                Ok(std::fs::File::open(&self.file)?.sync_all()?)
            }
            Storage::Shared { .. } => self.execute("CHECKPOINT").await,
        }
    }

    pub async fn execute(&self, statements: &str) -> Result<()> {
        let unable = |error: String| Fault::Unable(error);
        match &self.storage {
            Storage::Embedded => {
                let mut connection = SqliteConnection::establish(&self.file.to_string_lossy())
                    .map_err(|error| unable(error.to_string()))?;
                connection
                    .batch_execute("PRAGMA busy_timeout = 10000; PRAGMA synchronous = OFF; PRAGMA foreign_keys = ON")
                    .and_then(|()| connection.batch_execute(statements))
                    .map_err(|error| unable(error.to_string()))
            }
            Storage::Shared { database, .. } => {
                let (client, connection) = tokio_postgres::connect(database, tokio_postgres::NoTls)
                    .await
                    .map_err(|error| unable(error.to_string()))?;
                let connection = tokio::spawn(connection);
                let done = client.batch_execute(statements).await.map_err(|error| unable(format!("{error:?}")));
                drop(client);
                connection
                    .await
                    .map_err(|error| unable(error.to_string()))?
                    .map_err(|error| unable(error.to_string()))?;
                done
            }
        }
    }
}

//! The database of a home, seen and changed behind the program's back.

use std::path::PathBuf;

use diesel::connection::SimpleConnection;
use diesel::sql_types::Text;
use diesel::{Connection, QueryableByName, RunQueryDsl, SqliteConnection, sql_query};
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

pub enum Database {
    Postgres(String),
    Sqlite(PathBuf),
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

impl Database {
    pub async fn change(&self, statement: &str) {
        match self {
            Self::Postgres(url) => connect(url).await.batch_execute(statement).await.expect("a statement"),
            Self::Sqlite(path) => {
                let mut connection = open(path);
                connection.batch_execute("PRAGMA busy_timeout = 5000").expect("a setting");
                connection.batch_execute(statement).expect("a statement");
            }
        }
    }

    /// Every table with its rows; nothing for a file that is not there.
    pub async fn rows(&self) -> Vec<String> {
        match self {
            Self::Postgres(url) => postgres_rows(&connect(url).await).await,
            Self::Sqlite(path) if path.exists() => sqlite_rows(&mut open(path)),
            Self::Sqlite(_) => Vec::new(),
        }
    }
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("the Postgres of scripts/test");
    tokio::spawn(connection);
    client
}

fn open(path: &std::path::Path) -> SqliteConnection {
    SqliteConnection::establish(path.to_str().expect("a path")).expect("the file of the database")
}

async fn postgres_rows(client: &Client) -> Vec<String> {
    let tables = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1";
    let mut seen = Vec::new();
    for table in ask(client, tables).await {
        seen.extend(ask(client, &format!("SELECT t::text FROM \"{table}\" t ORDER BY 1")).await);
        seen.push(table);
    }
    seen
}

async fn ask(client: &Client, query: &str) -> Vec<String> {
    let messages = client.simple_query(query).await.expect("an answer");
    let rows = messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    rows.map(str::to_owned).collect()
}

fn sqlite_rows(connection: &mut SqliteConnection) -> Vec<String> {
    let mut ask = |query: &str| -> Vec<String> {
        let lines: Vec<Line> = sql_query(query).load(connection).expect("an answer");
        lines.into_iter().map(|line| line.line).collect()
    };
    let mut seen = Vec::new();
    for table in ask("SELECT name AS line FROM sqlite_master WHERE type = 'table' ORDER BY 1") {
        let columns = format!("SELECT 'quote(\"' || name || '\")' AS line FROM pragma_table_info('{table}')");
        let columns = ask(&columns).join(" || ',' || ");
        seen.extend(ask(&format!("SELECT {columns} AS line FROM \"{table}\" ORDER BY 1")));
        seen.push(table);
    }
    seen
}

//! Starting while something that the server needs is away.

use super::home::free_port;
use super::{Home, Server};
use crate::harness::{Backend, secrets, tell};

#[tokio::test(flavor = "multi_thread")]
async fn without_its_database_the_server_says_so_and_does_not_start() {
    tell(async {
        let password = "a-password-that-nobody-should-read";
        secrets::note(password);
        let url = format!("postgres://countersign:{password}@127.0.0.1:{}/countersign", free_port());
        let home = Home::new(Backend::Embedded).await.with("DATABASE_URL", &url);
        let ran = Server::launch(&home).program().ended().await;
        assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{ran:?}");
        assert!(ran.err.starts_with("countersign: the database is away: "), "{ran:?}");
        assert!(!ran.err.contains(password), "{ran:?}");
        assert!(home.refused(&["client", "list"]).await.starts_with("the database is away: "));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_cannot_be_a_file_there_is_named() {
    tell(async {
        let home = Home::new(Backend::Embedded).await.with("DATABASE_URL", "sqlite:occupied/countersign.db");
        home.write("occupied", "a file where a folder should be");
        let ran = Server::launch(&home).program().ended().await;
        assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{ran:?}");
        assert!(ran.err.contains("occupied/countersign.db cannot be opened"), "{ran:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_cache_the_server_starts_and_says_that_it_is_slower() {
    tell(async {
        let away = format!("redis://127.0.0.1:{}", free_port());
        let home = Home::new(Backend::Cluster).await.with("REDIS_URL", &away);
        let server = home.start().await;
        let ready = server.get("/health/ready").await;
        assert_eq!((ready.status, &ready.json()["status"]), (200, &"degraded".into()), "{ready:?}");
        let client = server.first_client();
        let token = server.token(&client).await;
        assert!(server.is_active(&client, &token).await);
        home.json(&["client", "list"]).await;
    })
    .await;
}

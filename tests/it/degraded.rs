//! When Redis is away the server is slower and no less right; when the database is away it says so, and comes back.

use std::time::{Duration, Instant};

use countersign::secret::Setting;
use serde_json::json;

use crate::harness::{
    A_WHILE, Answer, Backend, INTROSPECT, Outside, Proxy, RedisServer, TOKEN, World, given, scopes, tell, within,
};

const READY: &str = "/health/ready";
const JWKS: &str = "/.well-known/jwks.json";
const METADATA: &str = "/.well-known/oauth-authorization-server";

async fn status(world: &World) -> (u16, String) {
    let answer = world.get(READY).await;
    (answer.status, answer.json()["status"].as_str().expect("a status").to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn without_redis_everything_goes_on() {
    tell(async {
        let mut redis = RedisServer::start().await;
        let url = redis.url();
        let world = Backend::Cluster.world_with(|config| config.cache.url = Some(Setting::new(url))).await;
        world.scopes(["read"]).await;
        let client = world.service_client(|m| m.scope = scopes("read")).await;
        let before = client.token(&world).await.text;
        assert_eq!(status(&world).await, (200, "ok".to_owned()));

        redis.stop();
        assert_eq!(status(&world).await, (200, "degraded".to_owned()));
        let details = world.get(READY).await.json();
        assert_eq!((&details["cache"]["up"], &details["store"]["up"]), (&json!(false), &json!(true)));
        assert!(client.sees_alive(&world, &before).await);
        // Nothing of these is in the memory of a process yet.
        let new = world.service_client(|m| m.scope = scopes("read")).await;
        let other = world.another_node().await;
        assert_eq!(new.token(&other).await.scope(), "read");
        client.revoke_well(&other, &before).await;
        assert!(!client.sees_alive(&world, &before).await);
        world.disable(&new.id, Some(world.clock.now())).await;
        new.ask(&other, &[]).await.is_refused(401, "invalid_client");

        redis.start_again().await;
        within(A_WHILE, "it is found again", async || status(&world).await == (200, "ok".to_owned())).await;
        let kept = "countersign_cache_total{verb=\"put\",outcome=\"kept\"}";
        within(A_WHILE, "and used again", async || {
            let another = world.service_client(|_| ()).await;
            another.token(&other).await;
            other.get("/metrics").await.body.contains(kept)
        })
        .await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_hangs_holds_nobody_up() {
    tell(async {
        let redis = RedisServer::start().await;
        let url = redis.url();
        let world = Backend::Cluster.world_with(|config| config.cache.url = Some(Setting::new(url))).await;
        let known = world.service_client(|_| ()).await;
        redis.hang();
        let started = Instant::now();
        for _ in 0..10 {
            world.service_client(|_| ()).await.token(&world).await;
            known.token(&world).await;
        }
        // Ten times the patience with Redis would be more than that, were it asked each time.
        assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
        assert_eq!(status(&world).await, (200, "degraded".to_owned()));
        redis.go_on();
        within(A_WHILE, "it is found again", async || status(&world).await == (200, "ok".to_owned())).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_starts_while_redis_is_away() {
    tell(async {
        let mut redis = RedisServer::start().await;
        redis.stop();
        let url = redis.url();
        let world = Backend::Cluster.world_with(|config| config.cache.url = Some(Setting::new(url))).await;
        world.service_client(|_| ()).await.token(&world).await;
        assert_eq!(status(&world).await, (200, "degraded".to_owned()));
        redis.start_again().await;
        within(A_WHILE, "it is found", async || status(&world).await == (200, "ok".to_owned())).await;
    })
    .await;
}

/// A world whose way to the database a story can cut.
async fn world_behind_a_proxy() -> (World, Proxy) {
    let server = url::Url::parse(&given("COUNTERSIGN_TEST_POSTGRES_URL")).expect("a URL");
    let address = format!("{}:{}", server.host_str().expect("a host"), server.port().unwrap_or(5432));
    let proxy = Proxy::to(&address).await;
    let port = proxy.port();
    let world = Backend::Cluster
        .world_with(|config| {
            let mut url = url::Url::parse(config.database.url.reveal()).expect("a URL");
            url.set_host(Some("127.0.0.1")).expect("a host");
            url.set_port(Some(port)).expect("a port");
            config.database.url = Setting::new(url.to_string());
        })
        .await;
    (world, proxy)
}

fn is_told_to_come_back(answer: &Answer) {
    answer.is_refused(503, "temporarily_unavailable");
    let wait: u64 = answer.header("retry-after").parse().expect("seconds");
    assert!((1..=60).contains(&wait));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_database_a_node_says_so_and_comes_back() {
    tell(async {
        let (world, mut proxy) = world_behind_a_proxy().await;
        let client = world.service_client(|_| ()).await;
        let token = client.token(&world).await.text;
        let metadata = world.get(METADATA).await.body;
        assert_eq!(status(&world).await, (200, "ok".to_owned()));

        proxy.cut().await;
        for _ in 0..3 {
            is_told_to_come_back(&client.ask(&world, &[]).await);
            is_told_to_come_back(&client.post(&world, INTROSPECT, &[("token", &token)]).await);
            is_told_to_come_back(&client.revoke(&world, &token).await);
            is_told_to_come_back(&world.post(TOKEN, &[("client_id", "nobody")]).await);
        }
        assert_eq!(status(&world).await, (503, "unavailable".to_owned()));
        assert_eq!(world.get("/health/live").await.status, 200);
        assert!(Outside::fetch(&world).await.verifies(&token), "the keys are still published");
        let answer = world.get(METADATA).await;
        assert_eq!((answer.status, &answer.body), (200, &metadata));
        // Also when what is known of scopes has become too old to be used.
        within(A_WHILE, "the metadata goes on", async || {
            let answer = world.get(METADATA).await;
            assert_eq!((answer.status, &answer.body), (200, &metadata));
            assert_eq!(world.get(JWKS).await.status, 200);
            world.app.directory.scopes().await.is_err()
        })
        .await;
        assert_eq!(world.get(METADATA).await.status, 200);

        proxy.mend().await;
        within(A_WHILE, "the database is found again", async || status(&world).await.0 == 200).await;
        for _ in 0..8 {
            client.token(&world).await;
            assert!(client.sees_alive(&world, &token).await, "no connection of before is in the way");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_falls_silent_holds_nobody_up_for_long() {
    tell(async {
        let (world, proxy) = world_behind_a_proxy().await;
        let client = world.service_client(|_| ()).await;
        let token = client.token(&world).await.text;
        let metadata = world.get(METADATA).await.body;

        proxy.freeze();
        let started = Instant::now();
        let asked = (0..40).map(|_| client.ask(&world, &[]));
        let answers = futures_util::future::join_all(asked).await;
        answers.iter().for_each(is_told_to_come_back);
        is_told_to_come_back(&client.post(&world, INTROSPECT, &[("token", &token)]).await);
        assert!(started.elapsed() < Duration::from_secs(25), "{:?}", started.elapsed());
        assert_eq!(status(&world).await, (503, "unavailable".to_owned()));

        let started = Instant::now();
        for _ in 0..5 {
            let answer = world.get(METADATA).await;
            assert_eq!((answer.status, &answer.body), (200, &metadata));
            assert_eq!(world.get(JWKS).await.status, 200);
        }
        assert!(started.elapsed() < Duration::from_secs(1), "documents do not wait: {:?}", started.elapsed());

        proxy.thaw();
        within(A_WHILE, "the database is found again", async || status(&world).await.0 == 200).await;
        for _ in 0..8 {
            client.token(&world).await;
            assert!(client.sees_alive(&world, &token).await, "no connection of before is in the way");
        }
    })
    .await;
}

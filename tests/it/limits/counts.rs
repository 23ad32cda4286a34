//! Registrations, calls and mails: so many in a window that opens with the first.

use std::net::IpAddr;

use countersign::audit::Act;
use countersign::failure::{Failure, Outcome, Quota};
use countersign::limits;
use countersign::secret::Setting;

use super::limited;
use crate::harness::{A_WHILE, Backend, Node, RedisServer, stories, tell, within};

stories![
    an_address_registers_three_times_an_hour,
    a_caller_calls_so_often_a_minute,
    a_mail_counts_for_its_account_and_for_its_address,
    of_many_at_once_as_many_pass_as_the_limit_says,
    without_limits_everything_passes,
];

/// What was refused, by which limit.
fn refused(outcome: Outcome<()>) -> Option<Quota> {
    match outcome {
        Ok(()) => None,
        Err(Failure::Refused(refused)) => Some(*refused.quota.expect("a quota")),
        Err(Failure::Broken(broken)) => panic!("{broken:?}"),
    }
}

async fn registers(node: &Node, address: &str) -> Option<Quota> {
    let address: IpAddr = address.parse().expect("an address");
    refused(limits::registration(&node.app, Some(address), node.app.clock.now()).await)
}

async fn calls(node: &Node, caller: &str) -> Option<Quota> {
    refused(limits::api_call(&node.app, caller, node.app.clock.now()).await)
}

async fn mails(node: &Node, account: &str, address: &str) -> Option<&'static str> {
    mails_of(node, Act::ResetRequested, account, address).await
}

async fn mails_of(node: &Node, act: Act, account: &str, address: &str) -> Option<&'static str> {
    let address: IpAddr = address.parse().expect("an address");
    refused(limits::mail(&node.app, act, account, Some(address), node.app.clock.now()).await).map(|quota| quota.policy)
}

async fn an_address_registers_three_times_an_hour(backend: Backend) {
    let world = limited(backend, |_| ()).await;
    for address in ["192.0.2.1", "::ffff:192.0.2.1", "192.0.2.1"] {
        assert_eq!(registers(&world, address).await, None);
        world.advance(600);
    }
    let quota = Quota { policy: "registrations", limit: 3, window_seconds: 3600, reset_seconds: 1800 };
    assert_eq!(registers(&world, "192.0.2.1").await, Some(quota));
    assert_eq!(registers(&world, "192.0.2.2").await, None);
    world.advance(1799);
    assert_eq!(registers(&world, "192.0.2.1").await, Some(Quota { reset_seconds: 1, ..quota }));
    world.advance(1);
    for _ in 0..3 {
        assert_eq!(registers(&world, "192.0.2.1").await, None, "what was refused does not count on");
    }
    assert_eq!(registers(&world, "192.0.2.1").await, Some(Quota { reset_seconds: 3600, ..quota }));

    for last in ["1:2", "ffff:1"] {
        assert_eq!(registers(&world, &format!("2001:db8:1:2::{last}")).await, None);
    }
    assert_eq!(registers(&world, "2001:db8:1:2::").await, None);
    assert!(registers(&world, "2001:db8:1:2:3::").await.is_some());
    assert_eq!(registers(&world, "2001:db8:1:3::").await, None);
    assert!(world.get("/metrics").await.body.contains("countersign_limited_total{policy=\"registrations\"} 4"));
}

async fn a_caller_calls_so_often_a_minute(backend: Backend) {
    let world = limited(backend, |config| config.limits.api_calls_per_minute = 4).await;
    for _ in 0..4 {
        assert_eq!(calls(&world, "user:1").await, None);
    }
    let quota = calls(&world, "user:1").await.expect("the fifth");
    assert_eq!(quota, Quota { policy: "api-calls", limit: 4, window_seconds: 60, reset_seconds: 60 });
    assert_eq!(calls(&world, "user:2").await, None);
    world.advance(60);
    assert_eq!(calls(&world, "user:1").await, None);
}

async fn a_mail_counts_for_its_account_and_for_its_address(backend: Backend) {
    let world = limited(backend, |config| config.limits.mails_per_hour = 2).await;
    assert_eq!(mails(&world, "ada@example.com", "192.0.2.1").await, None);
    assert_eq!(mails(&world, "ADA@example.com", "192.0.2.2").await, None);
    assert_eq!(mails(&world, "ada@example.com", "192.0.2.3").await, Some("mails-by-account"));
    assert_eq!(mails(&world, "bob@example.com", "192.0.2.1").await, None);
    for _ in 0..3 {
        assert_eq!(mails(&world, "cyd@example.com", "192.0.2.1").await, Some("mails-by-address"));
    }
    assert_eq!(mails(&world, "cyd@example.com", "192.0.2.4").await, None, "one address uses up nobody's account");
    let another = mails_of(&world, Act::VerificationSent, "ada@example.com", "192.0.2.5").await;
    assert_eq!(another, None, "nor one kind of letter another");
    world.advance(3600);
    assert_eq!(mails(&world, "ada@example.com", "192.0.2.1").await, None);
}

async fn of_many_at_once_as_many_pass_as_the_limit_says(backend: Backend) {
    let world = limited(backend, |config| config.limits.api_calls_per_minute = 10).await;
    for _ in 0..3 {
        let outcomes = futures_util::future::join_all((0..40).map(|_| calls(&world, "user:1"))).await;
        assert_eq!(outcomes.iter().filter(|refused| refused.is_none()).count(), 10);
        world.advance(60);
    }
}

async fn without_limits_everything_passes(backend: Backend) {
    let world = backend.world_with(|config| config.limits.enabled = false).await;
    for _ in 0..10 {
        assert_eq!(registers(&world, "192.0.2.1").await, None);
        assert_eq!(mails(&world, "ada", "192.0.2.1").await, None);
    }
    for _ in 0..200 {
        assert_eq!(calls(&world, "user:1").await, None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_count_together() {
    tell(async {
        // The machine may be busy; what happens without Redis is another story.
        let world = limited(Backend::Cluster, |config| config.cache.timeout_milliseconds = 5_000).await;
        let other = world.another_node().await;
        assert_eq!(registers(&world, "192.0.2.1").await, None);
        world.advance(1000);
        assert_eq!(registers(&other, "192.0.2.1").await, None);
        assert_eq!(registers(&other, "192.0.2.1").await, None);
        for node in [&*world, &other] {
            let quota = registers(node, "192.0.2.1").await.expect("the fourth of both");
            assert_eq!(quota.reset_seconds, 2600, "the window is that of the first");
        }
        world.advance(2600);
        assert_eq!(registers(&other, "192.0.2.1").await, None);
        assert_eq!(registers(&world, "192.0.2.1").await, None);
        assert_eq!(registers(&world, "192.0.2.1").await, None);
        assert!(registers(&other, "192.0.2.1").await.is_some());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_redis_each_node_counts_for_itself_from_what_it_has_seen() {
    tell(async {
        let mut redis = RedisServer::start().await;
        let url = redis.url();
        let world = limited(Backend::Cluster, |config| config.cache.url = Some(Setting::new(url))).await;
        assert_eq!(registers(&world, "192.0.2.1").await, None);
        assert_eq!(registers(&world, "192.0.2.1").await, None);

        redis.stop();
        assert_eq!(registers(&world, "192.0.2.1").await, None);
        assert!(registers(&world, "192.0.2.1").await.is_some(), "it has seen three");
        for _ in 0..3 {
            assert_eq!(registers(&world, "192.0.2.2").await, None);
        }
        assert!(registers(&world, "192.0.2.2").await.is_some());
        let away = "countersign_cache_total{verb=\"count\",outcome=\"away\"}";
        assert!(world.get("/metrics").await.body.contains(away));

        redis.start_again().await;
        within(A_WHILE, "Redis is found again", async || world.app.cache.ping().await.is_ok()).await;
        assert!(registers(&world, "192.0.2.1").await.is_some(), "a Redis that has forgotten all lifts no limit");
        world.advance(3600);
        assert_eq!(registers(&world, "192.0.2.1").await, None);
        assert!(world.get("/metrics").await.body.contains("verb=\"count\",outcome=\"kept\""));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_the_table_nor_the_cache_holds_a_name_or_an_address() {
    tell(async {
        let redis = RedisServer::start().await;
        let url = redis.url();
        let world = limited(Backend::Embedded, |config| config.cache.url = Some(Setting::new(url))).await;
        let now = world.clock.now();
        let address = Some("192.0.2.77".parse().expect("an address"));
        let attempt = limits::before_sign_in(&world.app, "Ada@Example.com", address, now).await.expect("an attempt");
        attempt.failed(&world.app, None, now).await.expect("it is counted");
        assert_eq!(mails(&world, "Ada@Example.com", "192.0.2.77").await, None);
        assert_eq!(calls(&world, "user:1").await, None);

        let client = redis::Client::open(redis.url()).expect("a URL");
        let mut connection = client.get_multiplexed_async_connection().await.expect("a connection");
        let keys: Vec<String> = redis::cmd("KEYS").arg("*").query_async(&mut connection).await.expect("keys");
        assert!(keys.iter().any(|key| key.contains("limit:mails-by-account:")), "{keys:?}");
        let mut written = keys.concat().into_bytes();
        let file = world.app.config.database.url.reveal().trim_start_matches("sqlite:").to_owned();
        for file in [file.clone(), format!("{file}-wal")] {
            written.extend(std::fs::read(file).expect("a file"));
        }
        let written = String::from_utf8_lossy(&written).to_lowercase();
        assert!(written.contains("login_failures"), "the whole database is here");
        for kept in ["ada@example.com", "192.0.2.77", "user:1"] {
            assert!(!written.contains(kept), "{kept} stands somewhere");
        }
    })
    .await;
}

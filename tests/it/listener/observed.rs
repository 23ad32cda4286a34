//! Counters, request ids and log lines.

use super::{Served, settings, within};
use countersign::observe::{Counters, KeyAge, RequestId, log};
use countersign::time::UnixTime;

#[test]
fn every_counter_and_gauge_is_in_the_text() {
    let counters = Counters::new(UnixTime::from_seconds(1_700_000_000));
    let same = counters.clone();
    counters.token_issued("client_credentials");
    same.token_issued("client_credentials");
    counters.refused("invalid_client", "unknown_client");
    counters.broken("store");
    counters.cache("get", "hit");
    counters.set_pool(16, 15, 2);
    let key = |phase| KeyAge { kid: "k\"1".into(), phase, algorithm: "RS256", age_seconds: 60 };
    counters.set_keys(vec![key("next")]);
    counters.set_keys(vec![key("active")]);
    let open = (counters.connection_opened(), counters.connection_opened());
    drop(open.0);
    let text = counters.encode();
    for line in [
        "countersign_tokens_issued_total{grant=\"client_credentials\"} 2\n",
        "countersign_refusals_total{error=\"invalid_client\",reason=\"unknown_client\"} 1\n",
        "countersign_broken_total{what=\"store\"} 1\n",
        "countersign_cache_total{verb=\"get\",outcome=\"hit\"} 1\n",
        "countersign_pool_size 16\n",
        "countersign_pool_available 15\n",
        "countersign_pool_waiting 2\n",
        "countersign_key_age_seconds{kid=\"k\\\"1\",phase=\"active\",algorithm=\"RS256\"} 60\n",
        "countersign_connections 1\n",
        "countersign_process_start_time_seconds 1700000000\n",
    ] {
        assert!(text.contains(line), "{line}{text}");
    }
    assert!(!text.contains("phase=\"next\""), "a list of keys replaces the one before");
    assert!(
        text.contains(&format!("countersign_build_info{{version=\"{}\"}} 1\n", env!("CARGO_PKG_VERSION"))),
        "{text}"
    );
    assert!(text.ends_with("# EOF\n"));
}

#[test]
#[cfg(target_os = "linux")]
fn resident_memory_is_that_of_a_process() {
    let text = Counters::new(UnixTime::from_seconds(0)).encode();
    let line = text.lines().find_map(|line| line.strip_prefix("countersign_process_resident_memory_bytes "));
    let bytes: u64 = line.expect("a line").parse().expect("a number");
    assert!((1 << 20..1 << 36).contains(&bytes), "{bytes}");
}

#[test]
fn a_given_request_id_is_harmless_or_none() {
    let longest = "a".repeat(64);
    for good in ["a", "A.b_c-9", longest.as_str()] {
        assert_eq!(RequestId::given(good).expect("an id").as_str(), good);
    }
    let too_long = "a".repeat(65);
    for bad in ["", " ", "a b", "a\n", "\u{e4}", "a\"", "a/b", too_long.as_str()] {
        assert!(RequestId::given(bad).is_none(), "{bad:?}");
    }
    assert_ne!(RequestId::fresh(), RequestId::fresh());
    assert!(RequestId::given(RequestId::fresh().as_str()).is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_logged_with_its_request_id_and_without_its_query() {
    let captured = log::start_captured("debug");
    let served = Served::start(&settings());
    let request =
        reqwest::Client::new().get(served.url("/broken?code=hidden-query")).header("authorization", "hidden-header");
    let answer = within(5, request.send()).await.expect("an answer");
    let id = answer.headers()["x-request-id"].to_str().expect("text").to_owned();
    let log = captured.text();
    let line = log.lines().find(|line| line.contains(&id)).expect("a line about the request");
    let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
    assert_eq!(line["level"], "WARN");
    assert_eq!(line["request_id"], id.as_str());
    assert_eq!(line["route"], "/broken");
    assert_eq!(line["status"], 503);
    assert!(line["timestamp"].is_string());
    assert!(!log.contains("hidden-query") && !log.contains("hidden-header"));
}

//! Request objects, and the queries that they become.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use countersign::protocol::params::Params;
use countersign::protocol::request_object::{ObjectAlgorithm, RequestObject};
use countersign::time::UnixTime;
use serde_json::{Value, json};

fn object(claims: &Value) -> RequestObject {
    let encode = |part: String| BASE64URL.encode(part);
    let text = format!("{}.{}.", encode(json!({"alg": "none"}).to_string()), encode(claims.to_string()));
    RequestObject::parse(&text).unwrap()
}

fn beside(text: &str) -> Params {
    Params::parse_with_doubles(text.as_bytes()).unwrap()
}

#[test]
fn what_it_says_takes_the_place_of_what_stands_beside_it() {
    for (claims, text, query) in [
        (json!({}), "client_id=c&state=a", "client_id=c&state=a"),
        (json!({"state": "b"}), "client_id=c&state=a", "client_id=c&state=b"),
        (json!({"state": null}), "client_id=c&state=a", "client_id=c&state=a"),
        (json!({"max_age": 0, "scope": "a b"}), "scope=c", "scope=a+b&max_age=0"),
        (json!({"resource": ["urn:a", "urn:b"]}), "resource=urn%3Ac", "resource=urn%3Aa&resource=urn%3Ab"),
        (json!({"claims": {"userinfo": {"name": null}}}), "", "claims=%7B%22userinfo%22%3A%7B%22name%22%3Anull%7D%7D"),
        (json!({"unheard_of": [1], "exp": 1}), "evil=1&state=a&state=b", "state=a&state=b"),
        (json!({"client_id": "c", "signed_in": "1"}), "client_id=c", "client_id=c"),
    ] {
        assert_eq!(object(&claims).with(&beside(text)).unwrap(), query, "{claims}");
    }
    for (claims, text) in [
        (json!({"client_id": "d"}), "client_id=c"),
        (json!({"response_type": "code"}), "response_type=token"),
        (json!({"state": true}), ""),
        (json!({"state": ["a"]}), ""),
        (json!({"scope": {}}), ""),
        (json!({"resource": [1]}), ""),
    ] {
        assert!(object(&claims).with(&beside(text)).is_err(), "{claims}");
    }
}

#[test]
fn it_is_good_within_the_times_that_it_says() {
    let now = UnixTime::from_seconds(1_000);
    for (claims, is_good) in [
        (json!({}), true),
        (json!({"exp": 971}), true),
        (json!({"exp": 970}), false),
        (json!({"exp": 971.5, "nbf": 1030, "iat": 1030}), true),
        (json!({"nbf": 1031}), false),
        (json!({"iat": 1031}), false),
        (json!({"exp": 1e300}), true),
        (json!({"exp": "1e3"}), false),
        (json!({"exp": null}), true),
    ] {
        assert_eq!(object(&claims).is_current(now), is_good, "{claims}");
    }
}

#[test]
fn each_algorithm_has_one_name() {
    for algorithm in ObjectAlgorithm::all() {
        let name = serde_json::to_value(algorithm).unwrap();
        assert_eq!(name.as_str().unwrap().parse(), Ok(algorithm));
        assert_eq!(serde_json::from_value::<ObjectAlgorithm>(name).unwrap(), algorithm);
    }
    for other in ["None", "NONE", "", "RS1"] {
        assert!(other.parse::<ObjectAlgorithm>().is_err(), "{other}");
    }
}

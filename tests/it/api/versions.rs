//! A change is made to the version that was looked at.

use reqwest::Method;
use reqwest::header::ETAG;
use serde_json::json;

use super::{CLIENTS, Governed, SCOPES};
use crate::contract::{count, race};
use crate::harness::{Backend, stories};

stories![
    a_change_to_another_version_is_refused,
    a_client_is_disabled_in_the_version_that_was_looked_at,
    of_many_that_change_one_version_one_does,
    who_has_it_is_not_sent_it,
];

async fn a_change_to_another_version_is_refused(backend: Backend) {
    let governed = Governed::start(backend).await;
    let metadata = json!({"grant_types": ["client_credentials"], "client_name": "A"});
    let client = governed.post(CLIENTS, &metadata).await.json()["client_id"].as_str().expect("an id").to_owned();
    governed.post(SCOPES, &json!({"name": "a"})).await;
    for (path, body) in [
        (format!("{SCOPES}/a"), json!({"description": "new"})),
        (format!("{CLIENTS}/{client}"), json!({"grant_types": ["client_credentials"], "client_name": "B"})),
    ] {
        let tag = governed.get(&path).await.header(ETAG).to_owned();
        assert!(tag.starts_with('"') && tag.ends_with('"') && tag.len() > 10, "{tag}");
        for wrong in ["\"other\"", &format!("W/{tag}"), tag.trim_matches('"'), "", "\"a\", \"b\""] {
            for (method, body) in [(Method::PUT, Some(&body)), (Method::DELETE, None)] {
                let answer = governed.send(method, &path, &[("if-match", wrong)], body).await;
                assert_eq!(answer.status, 412, "{wrong}: {answer:?}");
                answer.is_problem(412, "precondition_failed");
            }
        }
        assert_eq!(governed.get(&path).await.header(ETAG), tag, "nothing happened");
        let list = format!("\"other\", {tag}");
        let changed = governed.send(Method::PUT, &path, &[("if-match", &list)], Some(&body)).await;
        assert_eq!(changed.status, 200, "{changed:?}");
        let now = governed.get(&path).await;
        assert_eq!((now.header(ETAG), now.json()), (changed.header(ETAG), changed.json()));
        governed
            .send(Method::PUT, &path, &[("if-match", &tag)], Some(&body))
            .await
            .is_problem(412, "precondition_failed");
        assert_eq!(governed.send(Method::PUT, &path, &[("if-match", "*")], Some(&body)).await.status, 200);
        assert_eq!(
            governed.send(Method::PUT, &path, &[], Some(&body)).await.status,
            200,
            "without it any version will do"
        );
        let tag = governed.get(&path).await.header(ETAG).to_owned();
        assert_eq!(governed.send(Method::DELETE, &path, &[("if-match", &tag)], None).await.status, 204);
        governed.send(Method::PUT, &path, &[("if-match", "*")], Some(&body)).await.is_problem(404, "not_found");
    }
}

async fn a_client_is_disabled_in_the_version_that_was_looked_at(backend: Backend) {
    let governed = Governed::start(backend).await;
    let another = governed.world.another_node().await;
    let metadata = json!({"grant_types": ["client_credentials"]});
    let client = governed.post(CLIENTS, &metadata).await.json()["client_id"].as_str().expect("an id").to_owned();
    let path = format!("{CLIENTS}/{client}");
    for act in ["disable", "enable"] {
        let tag = governed.get(&path).await.header(ETAG).to_owned();
        let to = format!("{path}/{act}");
        for wrong in ["\"other\"", &format!("W/{tag}")] {
            let answer = governed.send(Method::POST, &to, &[("if-match", wrong)], None).await;
            answer.is_problem(412, "precondition_failed");
        }
        assert_eq!(governed.get(&path).await.header(ETAG), tag, "nothing happened");
        let racers = (0..8).map(|number| {
            let node = if number % 2 == 0 { &*governed.world } else { &another };
            let request = governed.request_to(node, Method::POST, &to).header("if-match", &tag);
            async move { request.send().await.expect("an answer").status().as_u16() }
        });
        let results = race(racers.collect()).await;
        assert_eq!((count(&results, &200), count(&results, &412)), (1, 7), "{act}: {results:?}");
        assert_eq!(governed.send(Method::POST, &to, &[], None).await.status, 200, "without it any version will do");
    }
}

async fn of_many_that_change_one_version_one_does(backend: Backend) {
    let governed = Governed::start(backend).await;
    let another = governed.world.another_node().await;
    let metadata = json!({"grant_types": ["client_credentials"]});
    let client = governed.post(CLIENTS, &metadata).await.json()["client_id"].as_str().expect("an id").to_owned();
    governed.post(SCOPES, &json!({"name": "a"})).await;
    for round in 0..5 {
        for path in [format!("{SCOPES}/a"), format!("{CLIENTS}/{client}")] {
            let tag = governed.get(&path).await.header(ETAG).to_owned();
            let racers = (0..8).map(|number| {
                let node = if number % 2 == 0 { &*governed.world } else { &another };
                let said = format!("{round} {number}");
                let body = if path.starts_with(SCOPES) {
                    json!({"description": said})
                } else {
                    json!({"grant_types": ["client_credentials"], "client_name": said})
                };
                let request = governed.request_to(node, Method::PUT, &path).header("if-match", &tag).json(&body);
                async move { request.send().await.expect("an answer").status().as_u16() }
            });
            let results = race(racers.collect()).await;
            assert_eq!((count(&results, &200), count(&results, &412)), (1, 7), "{path}: {results:?}");
        }
    }
}

async fn who_has_it_is_not_sent_it(backend: Backend) {
    let governed = Governed::start(backend).await;
    let path = format!("{CLIENTS}/{}", governed.service.id);
    let tag = governed.get(&path).await.header(ETAG).to_owned();
    for held in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
        let answer = governed.send(Method::GET, &path, &[("if-none-match", &held)], None).await;
        assert_eq!((answer.status, answer.body.as_str(), answer.header(ETAG)), (304, "", tag.as_str()), "{held}");
    }
    let answer = governed.send(Method::GET, &path, &[("if-none-match", "\"x\"")], None).await;
    assert_eq!(answer.status, 200);
}

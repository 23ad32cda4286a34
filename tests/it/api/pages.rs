//! Lists in pages.

use std::collections::BTreeSet;

use reqwest::header::LINK;
use serde_json::json;

use super::{CLIENTS, Governed, SCOPES};
use crate::harness::{Backend, stories};

stories![pages_are_complete_while_rows_are_added, a_page_is_as_long_as_was_asked, a_cursor_must_be_one_of_the_list,];

async fn pages_are_complete_while_rows_are_added(backend: Backend) {
    let governed = Governed::start(backend).await;
    let make = async |name: &str| assert_eq!(governed.post(SCOPES, &json!({"name": name})).await.status, 201);
    let first: Vec<String> = (0..10).map(|number| format!("m{number}")).collect();
    for name in &first {
        make(name).await;
    }
    let mut seen = Vec::new();
    let mut path = format!("{SCOPES}?limit=3&unknown=a%20b");
    for round in 0.. {
        let page = governed.get(&path).await;
        assert_eq!(page.status, 200, "{page:?}");
        let (link, page) = (page.header(LINK).to_owned(), page.json());
        let items = page["items"].as_array().expect("a list");
        assert!(items.len() <= 3 && !items.is_empty(), "{page}");
        seen.extend(items.iter().map(|item| item["name"].as_str().expect("a name").to_owned()));
        // Before and behind whatever was read.
        make(&format!("a{round}")).await;
        make(&format!("z{round}")).await;
        let Some(next) = page["next"].as_str() else {
            assert_eq!(link, "");
            break;
        };
        let address = link.strip_prefix('<').and_then(|link| link.strip_suffix(">; rel=\"next\"")).expect("a link");
        assert!(address.contains(&format!("after={next}")) && address.contains("unknown=a+b"), "{address}");
        path = address.strip_prefix(governed.world.issuer()).expect("an address here").to_owned();
    }
    let names: BTreeSet<_> = seen.iter().collect();
    assert_eq!(names.len(), seen.len(), "nothing comes twice: {seen:?}");
    assert!(first.iter().all(|name| names.contains(name)), "nothing is left out: {seen:?}");
}

async fn a_page_is_as_long_as_was_asked(backend: Backend) {
    let governed = Governed::start(backend).await;
    for number in 0..4 {
        governed.world.service_client(|_| ()).await;
        governed.world.advance(number);
    }
    let token = governed.service.token(&governed.world).await.text;
    let governed = Governed { token, ..governed };
    let all = governed.get(CLIENTS).await.json();
    let all = all["items"].as_array().expect("a list");
    assert!(all.len() >= 5, "{all:?}");
    for (limit, goes_on) in [(1, true), (all.len() - 1, true), (all.len(), false), (200, false)] {
        let page = governed.get(&format!("{CLIENTS}?limit={limit}")).await;
        let json = page.json();
        assert_eq!(json["items"].as_array().map(Vec::len), Some(limit.min(all.len())));
        assert_eq!((json["next"].is_string(), page.header(LINK).is_empty()), (goes_on, !goes_on), "{limit}");
    }
}

async fn a_cursor_must_be_one_of_the_list(backend: Backend) {
    let governed = Governed::start(backend).await;
    for query in [
        "limit=0",
        "limit=201",
        "limit=-1",
        "limit=x",
        "limit=",
        "limit=1&limit=1",
        "limit=1.0",
        "after=",
        "after=!",
        "after=AA",
        "after=_w",
        "after=YQ&after=YQ",
        "after=YQ%3D%3D",
    ] {
        for path in [SCOPES, CLIENTS] {
            governed.get(&format!("{path}?{query}")).await.is_problem(400, "invalid_request");
        }
    }
    let last = governed.get(&format!("{SCOPES}?after=fn5-fg")).await.json();
    assert_eq!(last, json!({"items": [], "next": null}), "behind the last there is nothing");
}

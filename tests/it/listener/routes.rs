//! Which path is which route.

use countersign::http::routes::Routes;
use poem::http::Method;

fn routes() -> Routes {
    Routes::new([
        ("/users/{id}".to_owned(), vec![Method::GET, Method::DELETE]),
        ("/users/{id}/roles/{role}".to_owned(), vec![Method::PUT]),
        ("/users/{id}/{part}".to_owned(), vec![Method::GET]),
        ("/users/{id}/keys".to_owned(), vec![Method::GET]),
        ("/users/me".to_owned(), vec![Method::GET]),
        ("/users/me".to_owned(), vec![Method::PATCH, Method::GET]),
    ])
}

#[test]
fn the_most_exact_route_is_found() {
    let routes = routes();
    for (path, label) in [
        ("/users/me", Some("/users/me")),
        ("/users/17", Some("/users/{id}")),
        ("/users/{id}", Some("/users/{id}")),
        ("/users/17/keys", Some("/users/{id}/keys")),
        ("/users/me/keys", Some("/users/{id}/keys")),
        ("/users/17/mail", Some("/users/{id}/{part}")),
        ("/users/17/roles/admin", Some("/users/{id}/roles/{role}")),
        ("/users/", None),
        ("/users", None),
        ("/users/17/", None),
        ("/users/17/roles/", None),
        ("/users/17/roles/admin/x", None),
        ("users/17", None),
        ("/", None),
        ("", None),
        ("*", None),
    ] {
        assert_eq!(routes.find(path).map(|route| routes.label(route)), label, "{path}");
    }
}

#[test]
fn the_methods_of_a_path_are_those_of_all_its_entries() {
    let routes = routes();
    let me = routes.find("/users/me").expect("a route");
    assert_eq!(routes.allow(me), "GET, HEAD, PATCH, OPTIONS");
    for (method, allowed) in [
        (Method::GET, true),
        (Method::HEAD, true),
        (Method::PATCH, true),
        (Method::POST, false),
        (Method::OPTIONS, false),
    ] {
        assert_eq!(routes.allows(me, &method), allowed, "{method}");
    }
    let role = routes.find("/users/1/roles/2").expect("a route");
    assert!(!routes.allows(role, &Method::HEAD), "no HEAD without GET");
    assert_eq!(routes.labels().count(), 5);
}

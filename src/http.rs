//! HTTP: one file per line of the discovery document, and around them the edge, which every request passes.

pub mod answer;
mod api;
mod authorization;
pub mod bearer;
mod body;
pub mod client_address;
mod context;
mod cookies;
mod cors;
mod discovery;
mod docs;
mod document;
pub mod edge;
pub mod etag;
pub mod form;
pub mod health;
mod html;
pub mod idempotency;
mod introspection;
pub mod json;
mod jwks;
mod lines;
pub mod listener;
mod logout;
mod metrics;
pub mod pages;
mod parameter;
mod privileged;
mod query;
mod registration;
pub mod reply;
mod revocation;
pub mod routes;
mod specification;
mod tags;
mod token;
mod userinfo;

use std::sync::Arc;

use http::Method;
use poem::{Endpoint, Response, Route};
use poem_openapi::{LicenseObject, OpenApiService};

use crate::app::App;
use crate::pages::LOGO_PATH;

pub use client_address::ClientAddress;
pub use docs::{PATH as DOCS_PATH, SPECIFICATION_PATH};
pub use health::Draining;

use edge::Edge;
use routes::Routes;

type Apis = (
    authorization::AuthorizationApi,
    token::TokenApi,
    revocation::RevocationApi,
    introspection::IntrospectionApi,
    userinfo::UserinfoApi,
    logout::LogoutApi,
    registration::RegistrationApi,
    jwks::JwksApi,
    discovery::DiscoveryApi,
    health::HealthApi,
    metrics::MetricsApi,
    api::Apis,
);

fn apis(app: &Arc<App>, draining: &Draining) -> OpenApiService<Apis, ()> {
    let apis = (
        authorization::AuthorizationApi { app: Arc::clone(app) },
        token::TokenApi { app: Arc::clone(app) },
        revocation::RevocationApi { app: Arc::clone(app) },
        introspection::IntrospectionApi { app: Arc::clone(app) },
        userinfo::UserinfoApi { app: Arc::clone(app) },
        logout::LogoutApi { app: Arc::clone(app) },
        registration::RegistrationApi { app: Arc::clone(app) },
        jwks::JwksApi::new(Arc::clone(app)),
        discovery::DiscoveryApi::new(Arc::clone(app)),
        health::HealthApi { app: Arc::clone(app), draining: draining.clone() },
        metrics::MetricsApi { app: Arc::clone(app) },
        api::apis(app),
    );
    OpenApiService::new(apis, "Countersign", env!("CARGO_PKG_VERSION"))
        .description("An OAuth 2 authorization server: it signs what others verify.")
        .license(LicenseObject::new("MIT OR Apache-2.0"))
        .server(app.config.issuer.as_str())
}

/// The OpenAPI document of this server.
pub fn specification(app: &Arc<App>) -> String {
    specification::finished(app, &apis(app, &Draining::default()).spec())
}

/// Everything that is served, behind the edge.
pub fn endpoint(app: &Arc<App>, draining: &Draining) -> impl Endpoint<Output = Response> + use<> {
    let service = apis(app, draining);
    let specification = specification::finished(app, &service.spec());
    let mut list = listed(&specification);
    for path in [docs::PATH, docs::SPECIFICATION_PATH] {
        list.push((path.to_owned(), vec![Method::GET]));
    }
    let (of_page, draining) = (Arc::clone(app), draining.clone());
    let page = docs::DocsPage::new(Box::new(move || {
        let service = apis(&of_page, &draining);
        let rendered = service.spec();
        service.swagger_ui_html().replacen(&rendered, &specification::finished(&of_page, &rendered), 1)
    }));
    let mut routes = Route::new()
        .at(docs::PATH, poem::get(page))
        .at(docs::SPECIFICATION_PATH, poem::get(docs::Specification::new(&specification)))
        .nest("/", service);
    for (path, page) in html::pages(app) {
        list.push((path.to_owned(), vec![Method::GET, Method::POST]));
        routes = routes.at(path, poem::get(page.clone()).post(page));
    }
    let (pages, (sign_out, page)) = html::account(app);
    for (path, page) in pages {
        list.push((path.to_owned(), vec![Method::GET, Method::POST]));
        routes = routes.at(path, poem::get(page.clone()).post(page));
    }
    list.push((sign_out.to_owned(), vec![Method::POST]));
    routes = routes.at(sign_out, poem::post(page));
    if let Some(logo) = html::logo(app) {
        list.push((LOGO_PATH.to_owned(), vec![Method::GET]));
        routes = routes.at(LOGO_PATH, poem::get(logo));
    }
    for (path, page) in html::questions(app) {
        list.push((path.to_owned(), vec![Method::GET, Method::POST]));
        routes = routes.at(path, poem::get(page.clone()).post(page));
    }
    for (label, path, methods, page) in html::elsewhere(app) {
        let route =
            methods.iter().fold(poem::RouteMethod::new(), |route, method| route.method(method.clone(), page.clone()));
        list.push((label.to_owned(), methods));
        routes = routes.at(path, route);
    }
    let (path, page) = html::sign_out(app);
    list.push((path.to_owned(), vec![Method::GET, Method::POST]));
    routes = routes.at(path, poem::get(page.clone()).post(page));
    let config = &app.config;
    Edge::new(routes, Routes::new(list), config.issuer.path(), &config.server, &app.counters)
}

/// The paths of the document with their methods: what is documented is what is served.
fn listed(specification: &str) -> Vec<(String, Vec<Method>)> {
    let document: serde_json::Value = serde_json::from_str(specification).unwrap_or_default();
    let Some(paths) = document.get("paths").and_then(serde_json::Value::as_object) else { return Vec::new() };
    let methods = |item: &serde_json::Value| {
        let names = item.as_object().into_iter().flat_map(|item| item.keys());
        names.filter_map(|name| name.to_uppercase().parse().ok()).collect()
    };
    paths.iter().map(|(path, item)| (path.clone(), methods(item))).collect()
}

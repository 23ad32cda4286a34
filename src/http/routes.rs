//! The routes of this server: which path is which route, and which methods it has (the `Allow` of RFC 9110 §10.2.1).

use std::collections::HashMap;

use http::{HeaderValue, Method};

/// The place of a route in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RouteIndex(usize);

impl RouteIndex {
    pub fn place(self) -> usize {
        self.0
    }
}

/// All routes, made once at the start.
pub struct Routes {
    routes: Vec<Route>,
    exact: HashMap<String, RouteIndex>,
    templates: Vec<(Vec<Segment>, RouteIndex)>,
}

struct Route {
    label: String,
    methods: Vec<Method>,
    allow: HeaderValue,
}

/// One part of a template. The order is the order of trying: what is spelled out goes before what stands for anything.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    Literal(String),
    Anything,
}

impl Routes {
    /// From paths such as `/api/v1/users/{id}` and their methods. A path that is listed again adds methods.
    pub fn new(list: impl IntoIterator<Item = (String, Vec<Method>)>) -> Self {
        let mut merged: Vec<(String, Vec<Method>)> = Vec::new();
        for (path, methods) in list {
            match merged.iter_mut().find(|(known, _)| *known == path) {
                Some((_, known)) => known.extend(methods),
                None => merged.push((path, methods)),
            }
        }
        let mut routes = Self { routes: Vec::new(), exact: HashMap::new(), templates: Vec::new() };
        for (path, methods) in merged {
            routes.add(path, methods);
        }
        routes.templates.sort_by(|(one, _), (other, _)| one.cmp(other));
        routes
    }

    fn add(&mut self, path: String, methods: Vec<Method>) {
        let index = RouteIndex(self.routes.len());
        if path.contains('{') {
            self.templates.push((path.split('/').map(Segment::of).collect(), index));
        } else {
            self.exact.insert(path.clone(), index);
        }
        self.routes.push(Route::new(path, methods));
    }

    pub fn find(&self, path: &str) -> Option<RouteIndex> {
        let matching = |(template, _): &&(Vec<Segment>, RouteIndex)| matches(template, path);
        self.exact.get(path).copied().or_else(|| self.templates.iter().find(matching).map(|(_, index)| *index))
    }

    /// Whether the route answers this method itself; `HEAD` is answered wherever `GET` is.
    pub fn allows(&self, route: RouteIndex, method: &Method) -> bool {
        let methods = &self.routes[route.0].methods;
        methods.contains(method) || (*method == Method::HEAD && methods.contains(&Method::GET))
    }

    pub fn allow(&self, route: RouteIndex) -> &HeaderValue {
        &self.routes[route.0].allow
    }

    /// The path or template of a route: what a log line or a counter calls it.
    pub fn label(&self, route: RouteIndex) -> &str {
        &self.routes[route.0].label
    }

    pub fn labels(&self) -> impl Iterator<Item = &str> {
        self.routes.iter().map(|route| route.label.as_str())
    }
}

impl Route {
    fn new(label: String, methods: Vec<Method>) -> Self {
        let mut names: Vec<&str> = Vec::new();
        for method in methods.iter().chain([&Method::OPTIONS]) {
            let with_head = (*method == Method::GET).then_some("HEAD");
            for name in [method.as_str()].into_iter().chain(with_head) {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        let allow = HeaderValue::try_from(names.join(", ")).unwrap_or(HeaderValue::from_static("OPTIONS"));
        Self { label, methods, allow }
    }
}

impl Segment {
    fn of(text: &str) -> Self {
        if text.starts_with('{') && text.ends_with('}') { Self::Anything } else { Self::Literal(text.to_owned()) }
    }

    fn matches(&self, part: &str) -> bool {
        match self {
            Self::Literal(text) => text == part,
            Self::Anything => !part.is_empty(),
        }
    }
}

fn matches(template: &[Segment], path: &str) -> bool {
    let mut parts = path.split('/');
    template.iter().all(|segment| parts.next().is_some_and(|part| segment.matches(part))) && parts.next().is_none()
}

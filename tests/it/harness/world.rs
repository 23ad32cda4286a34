//! A world: one store, one clock, and one or more whole servers that share them.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use countersign::app::App;
use countersign::config::{Config, Issuer};
use countersign::http::Draining;
use countersign::http::listener::Listener;
use countersign::jobs::{self, Jobs, Swept};
use countersign::secret::Setting;
use countersign::store::grants::GrantsWalk;
use countersign::store::resources::ResourceRow;
use countersign::store::scopes::ScopeRow;
use countersign::time::{Clock, UnixTime};
use reqwest::{Client, Method, RequestBuilder};
use tempfile::TempDir;
use tokio::sync::Mutex;

use super::{Answer, Backend, SIGNING_KEY, audited};
use crate::contract::database::Raw;

/// What a story changes about the settings of its world.
pub trait Settings: FnOnce(&mut Config) {}
impl<F: FnOnce(&mut Config)> Settings for F {}

pub struct World {
    pub clock: Clock,
    node: Node,
    config: Config,
    /// The files of the world; they go with it.
    _folder: TempDir,
}

/// A server in this process, on a port of its own.
pub struct Node {
    pub app: Arc<App>,
    pub draining: Draining,
    base: String,
    http: Client,
    jobs: Mutex<Option<Jobs>>,
}

impl Deref for World {
    type Target = Node;

    /// The first node.
    fn deref(&self) -> &Node {
        &self.node
    }
}

impl World {
    pub async fn start(backend: Backend, settings: impl Settings) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut config = Config::default();
        config.server.port = 0;
        config.keys.directory = folder.path().join("keys");
        config.mail.directory = folder.path().join("mail");
        config.keys.rsa_private_key_content = Some(Setting::new(SIGNING_KEY));
        config.database.pool_size = 4;
        // What people wait for is not what most stories are about, nor what they may not do too often.
        config.passwords.memory_kib = 64;
        config.passwords.passes = 1;
        config.limits.enabled = false;
        backend.configure(&mut config, folder.path()).await;
        settings(&mut config);
        let clock = Clock::stopped_at(Clock::System.now());
        let node = Node::start(config.clone(), clock.clone()).await;
        // Other nodes are known by the same name as the first.
        config.issuer = node.app.config.issuer.clone();
        Self { clock, node, config, _folder: folder }
    }

    /// One more server on the same store, under the same issuer, on another port.
    pub async fn another_node(&self) -> Node {
        self.another_node_with(|_| ()).await
    }

    pub async fn another_node_with(&self, settings: impl Settings) -> Node {
        let mut config = self.config.clone();
        settings(&mut config);
        Node::start(config, self.clock.clone()).await
    }

    /// Looks into the database behind the server's back: the one text column of every row.
    pub async fn texts(&self, query: &str) -> Vec<String> {
        Raw::open(&self.config.database).await.texts(query).await
    }

    /// Changes the database behind the server's back.
    pub async fn execute(&self, statements: &str) {
        Raw::open(&self.config.database).await.execute(statements).await;
    }

    pub fn issuer(&self) -> &str {
        self.app.config.issuer.as_str()
    }

    pub fn advance(&self, seconds: i64) {
        self.clock.advance(seconds);
    }

    /// Creates scopes and waits until the first node knows them.
    pub async fn scopes<const N: usize>(&self, names: [&str; N]) {
        for name in names {
            let scope = ScopeRow {
                name: name.to_owned(),
                description: String::new(),
                built_in: false,
                identity: false,
                registrable: false,
                created_at: self.clock.now(),
            };
            self.app.store.add_scope(scope, audited()).await.expect("a new scope");
        }
        self.look().await;
    }

    /// Creates a resource, or says something else of it, and waits until the first node knows.
    pub async fn resource(&self, uri: &str, scopes: &str, introspectors: &[&str]) {
        let introspectors = introspectors.iter().map(ToString::to_string).collect();
        let resource = ResourceRow { uri: uri.to_owned(), scopes: scopes.to_owned(), introspectors };
        self.app.store.set_resource(resource, self.clock.now(), audited()).await.expect("a resource");
        self.look().await;
    }

    pub async fn disable(&self, client_id: &str, at: Option<UnixTime>) {
        let found =
            self.app.store.set_client_disabled(client_id.to_owned(), at, audited()).await.expect("the store answers");
        assert!(found, "there is such a client");
    }
}

impl Node {
    async fn start(mut config: Config, clock: Clock) -> Self {
        let wanted = config.issuer.clone();
        config.server.port = 0;
        let mut app = App::open(config, clock).await.expect("the server starts");
        let listener = Listener::bind(&app.config.server, &app.counters).expect("a free port");
        let port = listener.addresses()[0].port();
        // Whoever named no issuer is found where it listens, as any server is; and so is one that named a path.
        app.config.server.port = port;
        if wanted.as_str().starts_with(Issuer::default().as_str()) {
            let issuer = format!("http://localhost:{port}{}", wanted.path());
            app.config.issuer = issuer.parse().expect("an issuer");
        }
        let (app, draining) = (Arc::new(app), Draining::default());
        let endpoint = Arc::new(countersign::http::endpoint(&app, &draining));
        tokio::spawn(listener.serve(endpoint, std::future::pending()));
        let http = Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
        let jobs = Mutex::new(Some(Jobs::start(&app)));
        let node = Self { app, draining, base: format!("http://127.0.0.1:{port}"), http, jobs };
        node.look().await;
        node
    }

    /// Asks now what has changed, as every node does by itself twice a second.
    pub async fn look(&self) {
        self.app.directory.poll().await.expect("the store answers");
    }

    /// Forgets now what may be forgotten, as the leader does by itself.
    pub async fn sweep(&self) -> Swept {
        let mut walk = GrantsWalk::default();
        jobs::sweep(&self.app, &mut walk, self.app.clock.now()).await.expect("a sweep")
    }

    /// From here on nothing happens on this node without a request.
    pub async fn stop_jobs(&self) {
        let jobs = self.jobs.lock().await.take();
        jobs.expect("the jobs run").stop().await;
    }

    pub fn address(&self) -> &str {
        self.base.trim_start_matches("http://")
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, self.url(path)).timeout(Duration::from_secs(30))
    }

    pub async fn send(&self, request: RequestBuilder) -> Answer {
        Answer::read(request.send().await.expect("an answer")).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.get_with(path, &[]).await
    }

    pub async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let request = self.request(Method::GET, path);
        self.send(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))).await
    }

    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        self.send(self.request(Method::POST, path).form(form)).await
    }
}

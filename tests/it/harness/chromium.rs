//! Chromium, as people use it, driven by the W3C WebDriver protocol; and what axe-core finds wrong with a page.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{A_WHILE, given, within};

/// How a page is looked at.
#[derive(Clone, Copy, Debug)]
pub struct View {
    pub name: &'static str,
    pub width: u32,
    pub height: u32,
    pub dark: bool,
}

pub const VIEWS: [View; 4] = [
    View { name: "phone-light", width: 390, height: 844, dark: false },
    View { name: "phone-dark", width: 390, height: 844, dark: true },
    View { name: "desktop-light", width: 1280, height: 800, dark: false },
    View { name: "desktop-dark", width: 1280, height: 800, dark: true },
];

pub const TAB: &str = "\u{e004}";
pub const ENTER: &str = "\u{e007}";

/// One window of a browser that nobody has used before. It goes with everything in it.
pub struct Chromium {
    http: Client,
    session: String,
    driver: Child,
    _profile: TempDir,
}

impl Chromium {
    pub async fn start(language: &str) -> Self {
        let profile = tempfile::tempdir().expect("a folder");
        // The port that it has chosen for itself may be taken on one of the two loopback addresses: then it gives up.
        let (driver, port) = (0..5).find_map(|_| start_driver(&profile)).expect("chromedriver says where it listens");
        let base = format!("http://127.0.0.1:{}/session", port);
        let http = Client::builder().no_proxy().timeout(Duration::from_secs(60)).build().expect("a client");
        let arguments = [
            "--headless=new".to_owned(),
            // As root in a container Chromium has no sandbox of its own.
            "--no-sandbox".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--disable-gpu".to_owned(),
            "--no-proxy-server".to_owned(),
            format!("--lang={language}"),
            format!("--accept-lang={language}"),
            format!("--user-data-dir={}", profile.path().display()),
        ];
        let options = json!({"args": arguments, "prefs": {"intl.accept_languages": language}});
        let wanted = json!({"capabilities": {"alwaysMatch": {"goog:chromeOptions": options}}});
        let answer: Value = http.post(&base).json(&wanted).send().await.expect("an answer").json().await.expect("JSON");
        let id = answer["value"]["sessionId"].as_str().unwrap_or_else(|| panic!("a session: {answer}"));
        let session = format!("{base}/{id}");
        Self { http, session, driver, _profile: profile }
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value, Value> {
        let request = self.http.request(method, format!("{}{path}", self.session));
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let answer = request.send().await.expect("the driver answers");
        let is_good = answer.status().is_success();
        let answer: Value = answer.json().await.expect("JSON");
        if is_good { Ok(answer["value"].clone()) } else { Err(answer["value"].clone()) }
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let answer = self.ask(Method::POST, path, Some(body)).await;
        answer.unwrap_or_else(|error| panic!("{path}: {} {}", error["error"], error["message"]))
    }

    pub async fn opens(&self, url: &str) {
        self.post("/url", json!({ "url": url })).await;
    }

    pub async fn url(&self) -> String {
        let url = self.ask(Method::GET, "/url", None).await.expect("a URL");
        url.as_str().expect("a text").to_owned()
    }

    /// Waits until the page has come whose address holds this.
    pub async fn arrives_at(&self, part: &str) {
        within(A_WHILE, part, async || {
            let state = self.run("return document.readyState", &[]).await;
            self.url().await.contains(part) && state == "complete"
        })
        .await;
    }

    /// Waits until the page has come that holds this.
    pub async fn waits_for(&self, selector: &str) {
        within(A_WHILE, selector, async || {
            let script = "return document.readyState === 'complete' && document.querySelector(arguments[0]) !== null";
            self.run(script, &[json!(selector)]).await == true
        })
        .await;
    }

    async fn find(&self, selector: &str) -> String {
        let found = self.post("/element", json!({"using": "css selector", "value": selector})).await;
        let id = found.as_object().and_then(|found| found.values().next()).and_then(Value::as_str);
        id.unwrap_or_else(|| panic!("{selector}: {found}")).to_owned()
    }

    pub async fn clicks(&self, selector: &str) {
        let element = self.find(selector).await;
        self.post(&format!("/element/{element}/click"), json!({})).await;
    }

    pub async fn fills(&self, selector: &str, text: &str) {
        let element = self.find(selector).await;
        self.post(&format!("/element/{element}/clear"), json!({})).await;
        self.post(&format!("/element/{element}/value"), json!({ "text": text })).await;
    }

    pub async fn text(&self, selector: &str) -> String {
        let element = self.find(selector).await;
        let text = self.ask(Method::GET, &format!("/element/{element}/text"), None).await.expect("a text");
        text.as_str().expect("a text").to_owned()
    }

    /// Presses keys, wherever the focus is.
    pub async fn types(&self, text: &str) {
        let keys: Vec<Value> = text
            .chars()
            .flat_map(|key| ["keyDown", "keyUp"].map(|kind| json!({"type": kind, "value": key.to_string()})))
            .collect();
        self.post("/actions", json!({"actions": [{"type": "key", "id": "keys", "actions": keys}]})).await;
    }

    pub async fn run(&self, script: &str, arguments: &[Value]) -> Value {
        self.post("/execute/sync", json!({"script": script, "args": arguments})).await
    }

    async fn develop(&self, command: &str, parameters: Value) -> Value {
        self.post("/goog/cdp/execute", json!({"cmd": command, "params": parameters})).await
    }

    pub async fn looks(&self, view: View) {
        let View { width, height, dark, .. } = view;
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600});
        self.develop("Emulation.setDeviceMetricsOverride", metrics).await;
        let scheme = if dark { "dark" } else { "light" };
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.develop("Emulation.setEmulatedMedia", features).await;
    }

    /// The whole page as a picture, kept for whoever wants to look at it.
    pub async fn shoots(&self, name: &str) -> PathBuf {
        let size = self.develop("Page.getLayoutMetrics", json!({})).await["cssContentSize"].clone();
        let clip = json!({"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1});
        let asked = json!({"captureBeyondViewport": true, "clip": clip});
        let picture = self.develop("Page.captureScreenshot", asked).await;
        let picture = BASE64.decode(picture["data"].as_str().expect("a picture")).expect("base64");
        assert!(picture.starts_with(b"\x89PNG") && picture.len() > 4_000, "{name}: something is to be seen");
        let folder = match std::env::var_os("COUNTERSIGN_TEST_ARTEFACTS") {
            Some(folder) => PathBuf::from(folder),
            None => std::env::temp_dir().join("pictures"),
        };
        std::fs::create_dir_all(&folder).expect("a folder");
        let path = folder.join(format!("{name}.png"));
        std::fs::write(&path, picture).expect("a file");
        path
    }

    /// What axe-core finds that keeps people from using the page: each with its rule and where it is.
    pub async fn barriers(&self) -> Vec<String> {
        let axe = Path::new(&given("COUNTERSIGN_TEST_NODE_VERIFIER_DIR")).join("node_modules/axe-core/axe.min.js");
        let axe = std::fs::read_to_string(axe).expect("axe-core is there");
        self.run(&format!("{axe}; return typeof axe.run;"), &[]).await;
        let script =
            "const done = arguments[0]; axe.run().then(found => done(found), error => done({error: String(error)}));";
        let found = self.post("/execute/async", json!({"script": script, "args": []})).await;
        let passed = found["passes"].as_array().unwrap_or_else(|| panic!("axe-core runs: {}", found["error"]));
        assert!(passed.len() > 10, "it has looked: {passed:?}");
        let violations = found["violations"].as_array().expect("a list").iter();
        let grave = violations.filter(|each| each["impact"] == "serious" || each["impact"] == "critical");
        grave
            .map(|each| {
                let places = each["nodes"].as_array().into_iter().flatten().map(|node| node["html"].to_string());
                format!("{} {}: {}", each["impact"], each["id"], places.collect::<Vec<_>>().join(" "))
            })
            .collect()
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // The browser ends with its driver's session; the driver by itself would leave it behind.
        let (session, http) = (self.session.clone(), self.http.clone());
        let ended = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async { http.delete(session).timeout(Duration::from_secs(10)).send().await.is_ok() })
        });
        let has_ended = ended.join().is_ok_and(|is_ok| is_ok);
        self.driver.kill().ok();
        self.driver.wait().ok();
        assert!(has_ended || std::thread::panicking(), "the browser ends with its story");
    }
}

/// One that says where it listens.
fn start_driver(profile: &TempDir) -> Option<(Child, u16)> {
    let mut driver = Command::new("chromedriver")
        .arg("--port=0")
        .env("HOME", profile.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("chromedriver is there: scripts/test installs it");
    let mut said = BufReader::new(driver.stdout.take().expect("its output")).lines();
    let port = said.by_ref().map_while(Result::ok).find_map(|line| {
        let (_, port) = line.split_once("started successfully on port ")?;
        port.trim_end_matches('.').parse::<u16>().ok()
    });
    let Some(port) = port else {
        driver.wait().expect("it has ended");
        return None;
    };
    // What it says later must go somewhere.
    std::thread::spawn(move || said.for_each(drop));
    Some((driver, port))
}

//! A Redis of a story's own, that it can stop and start again.

use std::process::{Child, Command, Stdio};

use super::{A_WHILE, given, within};

pub struct RedisServer {
    port: u16,
    password: Option<&'static str>,
    running: Option<Child>,
}

impl RedisServer {
    pub async fn start() -> Self {
        Self::start_with(None).await
    }

    /// One that asks everybody for a password.
    pub async fn start_with(password: Option<&'static str>) -> Self {
        let port = free_port();
        let mut server = Self { port, password, running: None };
        server.start_again().await;
        server
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// On the same port, with nothing in it.
    pub async fn start_again(&mut self) {
        let port = self.port.to_string();
        let child = Command::new(given("COUNTERSIGN_TEST_REDIS_SERVER"))
            .args(["--bind", "127.0.0.1", "--port", &port, "--save", "", "--appendonly", "no"])
            .args(self.password.iter().flat_map(|password| ["--requirepass", password]))
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server starts");
        self.running = Some(child);
        within(A_WHILE, "redis-server listens", async || {
            tokio::net::TcpStream::connect(("127.0.0.1", self.port)).await.is_ok()
        })
        .await;
    }

    /// It goes on to hold its connections, and answers nothing.
    pub fn hang(&self) {
        self.signal("-STOP");
    }

    pub fn go_on(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, name: &str) {
        let pid = self.running.as_ref().expect("it runs").id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().expect("kill").success());
    }

    pub fn stop(&mut self) {
        if let Some(mut child) = self.running.take() {
            child.kill().expect("it can be stopped");
            child.wait().expect("it has ended");
        }
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.stop();
    }
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

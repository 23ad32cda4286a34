//! A Redis of the test's own, to be stopped and started again.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use countersign::config;
use countersign::secret::Setting;
use tempfile::TempDir;

use crate::contract::database::environment;
use crate::contract::eventually;

pub struct RedisServer {
    pub port: u16,
    password: Option<&'static str>,
    folder: TempDir,
    running: Option<Child>,
}

impl RedisServer {
    pub async fn start(password: Option<&'static str>) -> Self {
        let port = free_port();
        let mut server = Self { port, password, folder: TempDir::new().unwrap(), running: None };
        server.go_on().await;
        server
    }

    /// Starts it, again on the same port and empty.
    pub async fn go_on(&mut self) {
        let mut command = Command::new(environment("COUNTERSIGN_TEST_REDIS_SERVER"));
        command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port", &self.port.to_string()]);
        command.args(self.password.iter().flat_map(|password| ["--requirepass", password]));
        command.arg("--dir").arg(self.folder.path()).stdout(Stdio::null()).stderr(Stdio::null());
        self.running = Some(command.spawn().unwrap());
        let port = self.port;
        eventually("Redis listens", async || TcpStream::connect(("127.0.0.1", port)).is_ok()).await;
    }

    pub fn stop(&mut self) {
        if let Some(mut child) = self.running.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// As an operator would set them.
    pub fn settings(&self, password: Option<&str>) -> config::Cache {
        let mut settings = super::in_memory();
        settings.url = Some(Setting::new(format!("redis://127.0.0.1:{}", self.port)));
        settings.password = password.map(Setting::new);
        settings
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A port on which nobody listens.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

//! Web applications that nobody here wrote: the programs of tests/verifiers that sign somebody in.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};

use serde_json::Value;
use url::Url;

use super::{Node, Persona, given};

/// One that runs, and does not outlive the story.
pub struct RelyingParty {
    child: Option<Child>,
    input: ChildStdin,
    output: Option<BufReader<ChildStdout>>,
}

#[derive(Clone, Copy, Debug)]
pub enum Written {
    InPython,
    InJavaScript,
}

impl RelyingParty {
    /// Starts it for this client; and the path of the server where it sends the browser to.
    pub async fn start(written: Written, node: &Node, client: &Persona, callback: &str) -> (Self, String) {
        let mut command = match written {
            Written::InPython => {
                let mut command = Command::new(given("COUNTERSIGN_TEST_PYTHON"));
                command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/verifiers/python/sign_in.py"));
                command
            }
            Written::InJavaScript => {
                let mut command = Command::new("node");
                command.arg(Path::new(&given("COUNTERSIGN_TEST_NODE_VERIFIER_DIR")).join("sign_in.mjs"));
                command
            }
        };
        let issuer = node.app.config.issuer.as_str().to_owned();
        command
            .args([issuer.as_str(), client.id.as_str(), client.secret.as_str(), callback, client.method.as_str()])
            .env("NO_PROXY", "localhost");
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let (input, output) = (child.stdin.take().expect("piped"), child.stdout.take().expect("piped"));
        let mut party = Self { child: Some(child), input, output: Some(BufReader::new(output)) };
        let url = party.line().await;
        let path = url.strip_prefix(&issuer).unwrap_or_else(|| panic!("here, not {url:?}: {}", party.end().1));
        let path = path.to_owned();
        (party, path)
    }

    /// The browser has come back to it; what it knows then.
    pub async fn answered(mut self, url: &Url) -> Result<Value, String> {
        writeln!(self.input, "{url}").expect("it listens");
        let line = self.line().await;
        let (is_well, errors) = self.end();
        if is_well { Ok(serde_json::from_str(&line).expect("JSON")) } else { Err(errors) }
    }

    /// What it prints next; the server goes on meanwhile.
    async fn line(&mut self) -> String {
        let mut output = self.output.take().expect("nobody else reads");
        let (line, output) = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            output.read_line(&mut line).expect("text");
            (line, output)
        })
        .await
        .expect("it reads");
        self.output = Some(output);
        line.trim_end().to_owned()
    }

    /// Whether it ended well, and what it complained of.
    fn end(&mut self) -> (bool, String) {
        let child = self.child.take().expect("it ends once");
        let Output { status, stderr, .. } = child.wait_with_output().expect("its output");
        (status.success(), String::from_utf8_lossy(&stderr).into_owned())
    }
}

impl Drop for RelyingParty {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // It may have ended.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

//! What a generator of requests finds, that nobody here wrote: Schemathesis reads the document, sends what it allows and what
//! it does not, and holds the answers against it.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::api::people::Session;
use crate::harness::{Backend, Node, given, stories, within};

stories![nothing_breaks_for_strangers, nothing_breaks_for_administrators, nothing_breaks_by_what_ends_things];

/// How many seconds requests are made up for.
const SECONDS: &str = "8";
/// Never a 5xx; and what is answered is what the document says.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance";
/// Operations by which the one who calls may be out.
const ENDS: &str = "disable|lock|close|delete|logout|rotate|retire|end_|reset|password|roles";
/// Lines of JSON are what it cannot make; stories of their own send them.
const LINES: &str = "import_accounts";

async fn generate(node: &Node, options: &[&str]) {
    let folder = tempfile::tempdir().expect("a folder");
    let python = given("COUNTERSIGN_TEST_PYTHON");
    let schemathesis = Path::new(&python).with_file_name("schemathesis");
    let output = std::fs::File::create(folder.path().join("output")).expect("a file");
    let mut child = Command::new(schemathesis)
        .args(["run", &node.url("/openapi.json"), "--url", &node.url(""), "--checks", CHECKS])
        .args(["--phases", "coverage,fuzzing", "--max-time", SECONDS, "--generation-database", "none"])
        .args([
            "--exclude-operation-id",
            LINES,
            "--warnings",
            "off",
            "--no-color",
            "--request-timeout",
            "30",
            "--continue-on-failure",
        ])
        .args(options)
        .current_dir(folder.path())
        .env("NO_PROXY", "127.0.0.1")
        .stdout(Stdio::from(output.try_clone().expect("the same file")))
        .stderr(Stdio::from(output))
        .spawn()
        .expect("Schemathesis starts");
    within(Duration::from_mins(1), "Schemathesis ends", async || child.try_wait().expect("a child").is_some()).await;
    let told = std::fs::read_to_string(folder.path().join("output")).expect("its output");
    assert!(child.wait().expect("it has ended").success() && told.contains("Tested:"), "{told}");
}

async fn administrator(node: &crate::harness::World) -> String {
    let ann = node.user("ann").await;
    node.give_roles(&ann, &["admin"]).await;
    let session: Session = node.login(&ann).await;
    format!("Authorization: Bearer {}", session.access)
}

async fn nothing_breaks_for_strangers(backend: Backend) {
    let world = backend.world().await;
    generate(&world, &[]).await;
}

async fn nothing_breaks_for_administrators(backend: Backend) {
    let world = backend.world().await;
    let header = administrator(&world).await;
    generate(&world, &["--header", &header, "--exclude-operation-id-regex", ENDS]).await;
}

async fn nothing_breaks_by_what_ends_things(backend: Backend) {
    let world = backend.world().await;
    let header = administrator(&world).await;
    generate(&world, &["--header", &header, "--include-operation-id-regex", ENDS]).await;
}

//! No secret, token or password is ever in a log: the whole log of a test run is read, against all that is secret in it.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::Path;

use base64::Engine;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD, STANDARD as BASE64};
use reqwest::Method;

use crate::harness::{Backend, INTROSPECT, TOKEN, secrets, tell};
use crate::process::{Credentials, Home};

/// How much of a secret's end is looked up before the whole of it is compared.
const END: usize = secrets::SHORTEST;

/// Ways in which one text stands inside of another: as it is, percent-encoded, in JSON, and in base64 wherever it begins in
/// what was encoded, which is how the header of a client looks.
fn disguises(secret: &str) -> BTreeSet<Vec<u8>> {
    let percent: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let json = serde_json::to_string(secret).expect("a text");
    let mut found: BTreeSet<String> =
        [secret, &percent, &percent.to_lowercase(), &json[1..json.len() - 1]].into_iter().map(str::to_owned).collect();
    for alphabet in [alphabet::STANDARD, alphabet::URL_SAFE] {
        let engine = GeneralPurpose::new(&alphabet, NO_PAD);
        for before in 0..3 {
            let text = [vec![0; before], secret.as_bytes().to_vec()].concat();
            let encoded = engine.encode(&text);
            // The first and the last characters also depend on what stands beside the secret.
            found.insert(encoded[(before * 8).div_ceil(6)..text.len() * 8 / 6].to_owned());
        }
    }
    found.into_iter().map(String::into_bytes).collect()
}

/// Everything that must not be found, by how it ends.
struct Kept(HashMap<[u8; END], Vec<Vec<u8>>>);

impl Kept {
    fn of<'a>(secrets: impl Iterator<Item = &'a str>) -> Self {
        let mut kept: HashMap<[u8; END], Vec<Vec<u8>>> = HashMap::new();
        for disguise in secrets.flat_map(disguises) {
            let end = disguise.last_chunk().unwrap_or_else(|| panic!("a secret is too short to be looked for"));
            kept.entry(*end).or_default().push(disguise);
        }
        Self(kept)
    }

    /// The line in which something is found, up to where it begins.
    fn found_in(&self, log: &[u8]) -> Option<String> {
        for (at, end) in log.windows(END).enumerate() {
            let end: &[u8; END] = end.try_into().expect("as long as it is");
            let Some(kept) = self.0.get(end) else { continue };
            if let Some(secret) = kept.iter().find(|secret| log[..at + END].ends_with(secret)) {
                let before = &log[..at + END - secret.len()];
                let line = before.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
                return Some(format!("{}…", String::from_utf8_lossy(line)));
            }
        }
        None
    }
}

/// Reads all logs of a folder, and all secrets that were noted there.
fn judge(folder: &Path) {
    let (mut noted, mut logs) = (String::new(), Vec::new());
    for entry in fs::read_dir(folder).expect("a folder of logs") {
        let path = entry.expect("an entry").path();
        if path.file_name().is_some_and(|name| name == "secrets") {
            noted = fs::read_to_string(path).expect("secrets");
        } else {
            logs.push((fs::read(&path).expect("a log"), path));
        }
    }
    assert!(noted.lines().count() > 100, "there is something to look for");
    assert!(logs.iter().map(|(log, _)| log.len()).sum::<usize>() > 100_000, "there is something to look through");
    let kept = Kept::of(noted.lines());
    for (log, path) in logs {
        assert_eq!(kept.found_in(&log), None, "a secret is in {}", path.display());
    }
}

/// A server to which what is secret is sent where it belongs, and where it does not.
async fn judge_a_server(backend: Backend) {
    let home = Home::new(backend).await.with("COUNTERSIGN_LOG__LEVEL", "debug");
    let server = home.start().await;
    let client = server.first_client();
    let token = server.token(&client).await;
    assert!(server.is_active(&client, &token).await);
    let odd = client.with_secret("not/the secret+of \"this\" client");
    server.ask(&odd, &[]).await.is_refused(401, "invalid_client");
    let swapped = Credentials { id: client.secret.clone(), secret: token.clone() };
    server.ask(&swapped, &[]).await.is_refused(401, "invalid_client");
    server.ask(&client, &[("scope", &client.secret), ("resource", &token)]).await;
    let basic = server.request(Method::POST, INTROSPECT).basic_auth(&client.id, Some(&client.secret));
    basic.form(&[("token", &client.secret), ("token_type_hint", &token)]).send().await.expect("an answer");
    let none = server.request(Method::POST, TOKEN).form(&[("grant_type", &token), ("client_secret", &odd.secret)]);
    none.send().await.expect("an answer");
    let everywhere = server.request(Method::GET, &format!("/{token}/{}?{token}={}", client.secret, client.secret));
    let everywhere = everywhere.bearer_auth(&token).header("x-request-id", &client.secret).header("cookie", &token);
    everywhere.header("x-forwarded-for", &client.secret).send().await.expect("an answer");
    server.revoke(&client, &token).await;
    let log = server.stop("INT").await.err;
    let kept = [vec![client.secret, token, odd.secret], home.key_encryption_keys(), home.password()].concat();
    assert!(log.lines().count() > 10 && log.contains("invalid_client"), "there is something to look through: {log}");
    assert_eq!(Kept::of(kept.iter().map(String::as_str)).found_in(log.as_bytes()), None);
}

/// Told once more after all other tests, when COUNTERSIGN_TEST_WHOLE_LOG names the folder in which they left their logs.
#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_in_the_log() {
    tell(async {
        judge_a_server(Backend::Embedded).await;
        judge_a_server(Backend::Cluster).await;
    })
    .await;
    if let Some(folder) = std::env::var_os("COUNTERSIGN_TEST_WHOLE_LOG") {
        judge(Path::new(&folder));
    }
}

#[test]
fn a_secret_is_found_in_every_disguise() {
    let secret = "a+secret/of \"ours\"";
    let kept = Kept::of([secret].into_iter());
    let header = BASE64.encode(format!("someone:{secret}"));
    for log in [
        secret,
        "{\"a\":\"a+secret/of \\\"ours\\\"\"}",
        "?x=a%2Bsecret%2Fof+%22ours%22&y=z",
        "?x=a%2bsecret%2fof+%22ours%22&y=z",
        &header,
        &BASE64.encode(format!("so:{secret}:and more")),
        &BASE64.encode(format!("{secret}.")),
    ] {
        assert!(kept.found_in(format!("a line\nanother {log}\n").as_bytes()).is_some(), "{log}");
    }
    assert_eq!(kept.found_in(b"a secret of ours"), None);
}

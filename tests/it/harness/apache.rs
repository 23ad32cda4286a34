//! Apache with mod_auth_openidc, as people put it in front of applications that know nothing of signing in.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::{A_WHILE, within};

/// Where Debian has it, which is not on everybody's path.
const PROGRAM: &str = "/usr/sbin/apache2";
const MODULES: &str = "/usr/lib/apache2/modules";
const LOADED: [&str; 7] = ["mpm_event", "authn_core", "authz_core", "authz_user", "filter", "include", "auth_openidc"];

/// A web server that goes with its story. Its pages may show what it knows of who asks (`<!--#echo var="REMOTE_USER" -->`).
pub struct Apache {
    port: u16,
    folder: TempDir,
    running: Option<Child>,
}

impl Apache {
    /// One that is not started yet, but knows where it will be.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        // Started by root it gives up all rights but those of everybody.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("it is ours");
        fs::create_dir(folder.path().join("pages")).expect("a folder");
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        Self { port, folder, running: None }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub fn shows(&self, path: &str, body: &str) {
        let path = self.folder.path().join("pages").join(path.trim_start_matches('/'));
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        let page = format!("<!doctype html><html lang=\"en\"><title>A page behind Apache</title>{body}</html>");
        fs::write(path, page).expect("a file");
    }

    /// Starts it with these directives besides what every server needs.
    pub async fn start(&mut self, directives: &str) {
        let folder = self.folder.path().display();
        let modules = LOADED.map(|name| format!("LoadModule {name}_module {MODULES}/mod_{name}.so\n")).concat();
        let config = format!(
            "{modules}\
             ServerRoot \"{folder}\"\nServerName 127.0.0.1\nListen 127.0.0.1:{}\n\
             User www-data\nGroup www-data\nPidFile \"{folder}/pid\"\nDefaultRuntimeDir \"{folder}\"\n\
             ErrorLog \"{folder}/errors\"\nLogLevel warn auth_openidc:info\n\
             StartServers 1\nThreadsPerChild 8\nMaxRequestWorkers 8\n\
             DocumentRoot \"{folder}/pages\"\n\
             <Directory \"{folder}/pages\">\nOptions +Includes\nForceType text/html\nSetOutputFilter INCLUDES\n</Directory>\n\
             {directives}\n",
            self.port
        );
        let file = self.folder.path().join("apache.conf");
        fs::write(&file, config).expect("a file");
        // One process that stays in front, so that it ends when it is told to, with nobody left behind.
        let child = Command::new(PROGRAM)
            .arg("-X")
            .arg("-f")
            .arg(&file)
            .stdout(Stdio::null())
            .stderr(fs::File::create(self.folder.path().join("said")).expect("a file"))
            .spawn()
            .expect("Apache is there: scripts/test installs it");
        self.running = Some(child);
        within(A_WHILE, "Apache listens", async || {
            let ended = self.running.as_mut().expect("it runs").try_wait().expect("a child").is_some();
            assert!(!ended, "Apache has ended: {}", self.complaints());
            tokio::net::TcpStream::connect(("127.0.0.1", self.port)).await.is_ok()
        })
        .await;
    }

    /// What it has to say about how it goes.
    pub fn complaints(&self) -> String {
        ["said", "errors"].map(|name| fs::read_to_string(self.folder.path().join(name)).unwrap_or_default()).concat()
    }
}

impl Drop for Apache {
    fn drop(&mut self) {
        if let Some(child) = &mut self.running {
            // It may have ended.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

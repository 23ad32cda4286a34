//! The least SQL that a rotation needs, as PostgreSQL's own bench runs it: one look at the grant and its user, and one
//! conditional update, in a table like the server's.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::fault::{Fault, Result};
use crate::seed::Seed;

const ROWS: usize = 4_000;

const SCRIPT: &str = "\
\\set n random(1, 4000)
SELECT g.*, u.epoch, u.disabled_at, u.locked_at FROM bench_grants g JOIN users u ON u.id = g.user_id \
WHERE g.id = 'bench-' || (:n)::text;
UPDATE bench_grants SET previous_hash = refresh_hash, refresh_hash = repeat('h', 43), successor = repeat('s', 160), \
rotation_request = repeat('r', 43), rotated_at = 1800000000, last_used_at = 1800000000 \
WHERE id = 'bench-' || (:n)::text AND refresh_hash IS NOT NULL AND ended_at IS NULL;
";

pub async fn rotations_per_second(seed: &Seed, database: &str, connections: usize, measured: Duration) -> Result<f64> {
    seed.execute(&format!(
        "DROP TABLE IF EXISTS bench_grants; CREATE TABLE bench_grants (LIKE grants INCLUDING INDEXES); \
         INSERT INTO bench_grants (id, user_id, client_id, user_epoch, scope, resources, created_at, expires_at, \
         last_used_at, refresh_hash) SELECT 'bench-' || n, (SELECT min(id) FROM users), 'c', 0, '', '', 0, 0, 0, \
         repeat('h', 43) FROM generate_series(1, {ROWS}) n; ANALYZE bench_grants"
    ))
    .await?;
    let mut script = tempfile::NamedTempFile::new()?;
    script.write_all(SCRIPT.as_bytes())?;
    let seconds = measured.as_secs().max(1).to_string();
    let clients = connections.to_string();
    let output = Command::new("pgbench")
        .args(["-n", "-M", "prepared", "-c", &clients, "-j", "1", "-T", &seconds, "-f"])
        .arg(script.path())
        .arg(database)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| Fault::Unable(format!("pgbench: {error}")))?;
    let printed = String::from_utf8_lossy(&output.stdout);
    printed
        .lines()
        .find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok())
        .ok_or_else(|| Fault::Unable(format!("pgbench prints no figure: {}", String::from_utf8_lossy(&output.stderr))))
}

//! The page about acts, written from their list: `docs/audit.md`.

use std::fmt::Write;

use super::Act;

const INTRODUCTION: &str = "\
<!-- Written from src/store/audit/acts.rs by the test tidy::pages::audit_is_fresh. Run it with UPDATE_SNAPSHOTS=1 to renew. -->
# Acts in the audit log

Each row of the audit log names one of these acts, who did it, to what, at which client, with which outcome (`done` or
`refused`, and then the reason, see [errors](errors.md)), and the id of the request. How the log is sealed and what that
proves is in [SECURITY](SECURITY.md); how to search, export and verify it is in [OPERATIONS](OPERATIONS.md).

| `act` | What it means |
|---|---|
";

/// The text of `docs/audit.md`.
pub fn reference() -> String {
    let mut page = INTRODUCTION.to_owned();
    for act in Act::ALL {
        let _ = writeln!(page, "| `{}` | {} |", act.as_str(), act.meaning());
    }
    page
}

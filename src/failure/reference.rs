//! The page about refusals, written from their codes: `docs/errors.md`.

use std::fmt::Write;

use super::Reason;
use crate::protocol::error::ErrorCode;

const INTRODUCTION: &str = "\
<!-- Written from src/failure.rs and src/protocol/error.rs by the test tidy::pages::errors_are_fresh. Run it with
UPDATE_SNAPSHOTS=1 to renew. -->
# Errors

Every refusal has two codes. The public one is in the answer, with a sentence and a request id: the endpoints of OAuth
answer `error`, `error_description` and `request_id` (RFC 6749 section 5.2), the others a problem document with `code`,
`detail` and `request_id` (RFC 9457). The private one is in the log and in the metrics only: it says what the caller need
not know. The request id, which is also in the header `X-Request-Id`, leads from the one to the other.
";

/// The text of `docs/errors.md`.
pub fn reference() -> String {
    let mut page = INTRODUCTION.to_owned();
    page.push_str("\n## What the caller learns\n\n| `error` | What it means |\n|---|---|\n");
    for code in ErrorCode::ALL {
        let _ = writeln!(page, "| `{code}` | {} |", code.meaning());
    }
    page.push_str("\n## What the log says\n\n| `reason` | What it means, and what to do |\n|---|---|\n");
    for reason in Reason::ALL {
        let _ = writeln!(page, "| `{}` | {} |", reason.as_str(), reason.meaning());
    }
    page
}

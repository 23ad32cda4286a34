//! `countersign sweep`.

use super::output::{Complaint, Printed};
use crate::app::App;
use crate::jobs;

pub async fn run(app: &App) -> Result<Printed, Complaint> {
    let now = app.clock.now();
    let mut swept = jobs::sweep(app, now).await?;
    while swept.unfinished {
        let more = jobs::sweep(app, now).await?;
        swept.revoked_tokens += more.revoked_tokens;
        swept.client_secrets += more.client_secrets;
        swept.unfinished = more.unfinished;
    }
    let text = format!(
        "{} revocations of expired tokens and {} expired client secrets are forgotten\n",
        swept.revoked_tokens, swept.client_secrets
    );
    Printed::new(&swept, text)
}

//! `countersign sweep`.

use super::output::{Complaint, Printed};
use crate::app::App;
use crate::jobs;

pub async fn run(app: &App) -> Result<Printed, Complaint> {
    let swept = jobs::sweep(app, app.clock.now()).await?;
    let text = format!(
        "{} revocations of expired tokens and {} expired client secrets are forgotten\n",
        swept.revoked_tokens, swept.client_secrets
    );
    Printed::new(&swept, text)
}

//! What a client calls a user — OpenID Connect Core §8. Clients of one sector know a user by one name, and those of another by
//! another, which says nothing of the first.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;

use crate::app::App;
use crate::directory::Client;

pub fn subject(app: &App, client: &Client, user_id: &str) -> String {
    match client.sector() {
        None => user_id.to_owned(),
        Some(sector) => {
            let parts: [&[u8]; 3] = [b"subject", sector.as_bytes(), user_id.as_bytes()];
            BASE64URL.encode(app.keyring.subject_key().mac(&parts))
        }
    }
}

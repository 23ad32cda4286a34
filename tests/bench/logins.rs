//! Logins by password, and what the same core can hash when it does nothing else.

use std::borrow::Cow;
use std::cell::Cell;
use std::time::{Duration, Instant};

use argon2::{Algorithm, Argon2, Block, Params, Version};

use crate::fault::{Fault, Result};
use crate::http::{Answer, post};
use crate::load::Plan;
use crate::plans::Tokens;
use crate::seed;

/// Signs in as one user after the other.
pub struct Logins {
    requests: Vec<Vec<u8>>,
    next: Cell<usize>,
}

impl Logins {
    pub fn new(authorization: &str, usernames: &[String]) -> Self {
        let request = |username: &String| {
            let form = url::form_urlencoded::Serializer::new(String::new())
                .append_pair("grant_type", "password")
                .append_pair("username", username)
                .append_pair("password", seed::PASSWORD)
                .finish();
            post("/oauth2/token", authorization, &form)
        };
        Self { requests: usernames.iter().map(request).collect(), next: Cell::new(0) }
    }
}

impl Plan for Logins {
    type Ticket = ();

    fn next(&self) -> ((), Cow<'_, [u8]>) {
        let index = self.next.get();
        self.next.set((index + 1) % self.requests.len());
        ((), Cow::Borrowed(&self.requests[index]))
    }

    fn check(&self, (): (), answer: &Answer<'_>) -> std::result::Result<(), &'static str> {
        if answer.status != 200 {
            return Err("not signed in");
        }
        Tokens::token_text(answer.body).map(drop).ok_or("no access_token")
    }
}

/// Prints how many passwords a second this process hashes one by one, in memory that it keeps: the server's defaults.
pub fn hash_bare(seconds: u32) -> Result<()> {
    let unable = |error: argon2::Error| Fault::Unable(error.to_string());
    let settings = countersign::config::Config::default().passwords;
    let parameters = Params::new(settings.memory_kib, settings.passes, settings.lanes, Some(32)).map_err(unable)?;
    let mut blocks = vec![Block::default(); parameters.block_count()];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters);
    let mut out = [0; 32];
    let mut hash = || argon2.hash_password_into_with_memory(seed::PASSWORD.as_bytes(), &[7; 16], &mut out, &mut blocks);
    hash().map_err(unable)?;
    let (begin, measured) = (Instant::now(), Duration::from_secs(seconds.into()));
    let mut count: u32 = 0;
    while begin.elapsed() < measured {
        hash().map_err(unable)?;
        count += 1;
    }
    println!("{}", f64::from(count) / begin.elapsed().as_secs_f64());
    Ok(())
}

//! Code flows of people who are signed in and have consented before: an authorization request that is answered at once, and the
//! code that came of it exchanged for an ID token and an access token.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};

use crate::fault::Result;
use crate::http::{Answer, get_with_cookie, post};
use crate::load::Plan;
use crate::plans::{Tokens, member};
use crate::seed::Seed;

pub const CALLBACK: &str = "https://shop.example/callback";
pub const SCOPE: &str = "openid";
/// RFC 7636 appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
/// Requests of one flow.
pub const STEPS: f64 = 2.0;

pub struct Flows {
    authorization: String,
    /// An authorization request of each session.
    requests: Vec<Vec<u8>>,
    next: Cell<usize>,
    /// Codes that nobody has exchanged yet. Whoever is free takes one before anybody asks for another, so that a flow is two
    /// answers, but for those that are under way at the end.
    codes: RefCell<Vec<String>>,
}

#[derive(Clone, Copy)]
pub enum Step {
    Authorize,
    Exchange,
}

impl Flows {
    /// One session for each user, who let the client have what it asks for.
    pub async fn prepare(seed: &Seed, client_id: &str, authorization: &str, users: &[String]) -> Result<Self> {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("response_type", "code")
            .append_pair("client_id", client_id)
            .append_pair("redirect_uri", CALLBACK)
            .append_pair("scope", SCOPE)
            .append_pair("state", "a state")
            .append_pair("nonce", "a nonce")
            .append_pair("code_challenge", CHALLENGE)
            .append_pair("code_challenge_method", "S256")
            .finish();
        let mut requests = Vec::with_capacity(users.len());
        for user in users {
            let cookie = seed.signed_in(user, client_id, SCOPE).await?;
            requests.push(get_with_cookie(&format!("/oauth2/authorize?{query}"), &cookie));
        }
        Ok(Self {
            authorization: authorization.to_owned(),
            requests,
            next: Cell::new(0),
            codes: RefCell::new(Vec::new()),
        })
    }

    fn keep_code(&self, answer: &Answer<'_>) -> std::result::Result<(), &'static str> {
        if answer.status != 303 {
            return Err("no redirect");
        }
        let location = answer.header("location").ok_or("no Location")?;
        let query =
            location.strip_prefix(CALLBACK).and_then(|rest| rest.strip_prefix('?')).ok_or("not to the client")?;
        let found = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "code");
        self.codes.borrow_mut().push(found.ok_or("no code")?.1.into_owned());
        Ok(())
    }
}

impl Plan for Flows {
    type Ticket = Step;

    fn next(&self) -> (Step, Cow<'_, [u8]>) {
        if let Some(code) = self.codes.borrow_mut().pop() {
            let form = url::form_urlencoded::Serializer::new(String::new())
                .append_pair("grant_type", "authorization_code")
                .append_pair("code", &code)
                .append_pair("redirect_uri", CALLBACK)
                .append_pair("code_verifier", VERIFIER)
                .finish();
            return (Step::Exchange, Cow::Owned(post("/oauth2/token", &self.authorization, &form)));
        }
        let index = self.next.get();
        self.next.set((index + 1) % self.requests.len());
        (Step::Authorize, Cow::Borrowed(&self.requests[index]))
    }

    fn check(&self, step: Step, answer: &Answer<'_>) -> std::result::Result<(), &'static str> {
        match step {
            Step::Authorize => self.keep_code(answer),
            Step::Exchange if answer.status != 200 => Err("no tokens"),
            Step::Exchange => {
                let tokens = [Tokens::token_text(answer.body), member(answer.body, "id_token")];
                // Two signatures by RSA-2048, each 342 characters long.
                let is_signed = |token: &str| token.split('.').nth(2).is_some_and(|signature| signature.len() == 342);
                if tokens.into_iter().flatten().filter(|token| is_signed(token)).count() == tokens.len() {
                    Ok(())
                } else {
                    Err("not an access token and an ID token, both signed by RS256")
                }
            }
        }
    }
}

//! Introspection of many different tokens in turn, one of which is revoked midway and must be seen to be.

use std::borrow::Cow;
use std::cell::Cell;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use serde_json::Value;

use crate::fault::{Fault, Result};
use crate::http::{Answer, Connection, post};
use crate::load::{self, Plan};
use crate::plans::Tokens;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Life {
    Active,
    /// The revocation is on its way: either answer is right.
    Ending,
    Revoked,
}

struct Subject {
    token: String,
    /// The member that tells this token's answer from any other's.
    jti: Vec<u8>,
    request: Vec<u8>,
    life: Cell<Life>,
}

pub struct Introspection {
    port: u16,
    authorization: String,
    subjects: Vec<Subject>,
    next: Cell<usize>,
    revoked: Cell<usize>,
}

impl Introspection {
    /// Fetches `count` tokens first.
    pub async fn prepare(port: u16, authorization: &str, count: usize) -> Result<Self> {
        let mut connection = Connection::open(port).await?;
        let tokens = Tokens::new(authorization);
        let mut subjects = Vec::with_capacity(count);
        for _ in 0..count {
            let answer = connection.exchange(tokens.request()).await?;
            let token = Tokens::token_text(answer.body).ok_or_else(|| Fault::WrongAnswer(answer.describe()))?;
            subjects.push(Subject::new(token, authorization)?);
        }
        let authorization = authorization.to_owned();
        Ok(Self { port, authorization, subjects, next: Cell::new(0), revoked: Cell::new(0) })
    }

    pub fn sample(&self) -> &[u8] {
        &self.subjects[0].request
    }

    /// How long the answer about an active token is.
    pub async fn answer_length(&self) -> Result<usize> {
        Ok(Connection::open(self.port).await?.exchange(self.sample()).await?.body.len())
    }

    /// Asks once more about every token: all that were revoked, and no other, are inactive.
    pub async fn check_all(&self) -> Result<()> {
        let mut connection = Connection::open(self.port).await?;
        for _ in &self.subjects {
            load::ask(self, &mut connection).await?;
        }
        Ok(())
    }
}

impl Subject {
    fn new(token: &str, authorization: &str) -> Result<Self> {
        let payload = token.split('.').nth(1).and_then(|part| BASE64URL.decode(part).ok()).unwrap_or_default();
        let claims: Value = serde_json::from_slice(&payload)?;
        let jti = claims["jti"].as_str().ok_or_else(|| Fault::WrongAnswer(format!("a token without jti: {claims}")))?;
        Ok(Self {
            token: token.to_owned(),
            jti: format!(r#""jti":"{jti}""#).into_bytes(),
            request: post("/oauth2/introspect", authorization, &format!("token={token}")),
            life: Cell::new(Life::Active),
        })
    }

    fn is_described_by(&self, body: &[u8]) -> bool {
        let holds = |part: &[u8]| body.windows(part.len()).any(|window| window == part);
        body.starts_with(br#"{"active":true"#) && holds(&self.jti)
    }
}

/// Which token was asked about, and how it stood when the question was sent.
#[derive(Clone, Copy)]
pub struct Question {
    index: usize,
    asked: Life,
}

impl Plan for Introspection {
    type Ticket = Question;

    fn next(&self) -> (Question, Cow<'_, [u8]>) {
        let index = self.next.get();
        self.next.set((index + 1) % self.subjects.len());
        let subject = &self.subjects[index];
        (Question { index, asked: subject.life.get() }, Cow::Borrowed(&subject.request))
    }

    fn check(&self, question: Question, answer: &Answer<'_>) -> std::result::Result<(), &'static str> {
        let subject = &self.subjects[question.index];
        let inactive = answer.body == br#"{"active":false}"#;
        if answer.status != 200 || !(inactive || subject.is_described_by(answer.body)) {
            return Err("neither inactive nor this token's description");
        }
        match (question.asked, subject.life.get()) {
            (Life::Revoked, _) if !inactive => Err("a token that is revoked is active"),
            (_, Life::Active) if inactive => Err("a token that nobody revoked is inactive"),
            _ => Ok(()),
        }
    }

    /// Revokes one token that no earlier measure has revoked.
    async fn midway(&self) -> Result<()> {
        let nth = self.revoked.get();
        self.revoked.set(nth + 1);
        // 37 has no factor in common with the number of tokens, which is round.
        let subject = &self.subjects[(nth + 1) * 37 % self.subjects.len()];
        let request = post("/oauth2/revoke", &self.authorization, &format!("token={}", subject.token));
        let mut connection = Connection::open(self.port).await?;
        subject.life.set(Life::Ending);
        let answer = connection.exchange(&request).await?;
        if answer.status != 200 {
            return Err(Fault::WrongAnswer(format!("revocation: {}", answer.describe())));
        }
        subject.life.set(Life::Revoked);
        Ok(())
    }
}

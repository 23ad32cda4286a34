//! Refresh tokens in chains: each answer holds the token of the next question. A chain is asked by one connection at a time.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::task::{JoinSet, LocalSet};

use crate::fault::{Fault, Result};
use crate::http::{Answer, Connection, post};
use crate::load::Plan;
use crate::plans::{Tokens, member};
use crate::seed::Token;

pub struct Rotations {
    authorization: String,
    /// The last answered token of each chain.
    chains: RefCell<Vec<Token>>,
    /// Chains that nobody asks now.
    free: RefCell<Vec<usize>>,
    /// Draws the chains at random, always in the same order.
    dice: Cell<u64>,
}

impl Rotations {
    pub fn new(authorization: &str, tokens: Vec<Token>) -> Self {
        Self {
            authorization: authorization.to_owned(),
            free: RefCell::new((0..tokens.len()).collect()),
            chains: RefCell::new(tokens),
            dice: Cell::new(0x9E37_79B9_7F4A_7C15),
        }
    }

    /// xorshift64: the same run draws the same chains.
    fn draw(&self, below: usize) -> usize {
        let mut dice = self.dice.get();
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        self.dice.set(dice);
        usize::try_from(dice % below.max(1) as u64).unwrap_or(0)
    }

    fn take(&self) -> usize {
        let mut free = self.free.borrow_mut();
        let place = self.draw(free.len());
        free.swap_remove(place)
    }

    fn request(&self, chain: usize) -> Vec<u8> {
        let form = format!("grant_type=refresh_token&refresh_token={}", self.chains.borrow()[chain]);
        post("/oauth2/token", &self.authorization, &form)
    }

    fn renew(&self, chain: usize, answer: &Answer<'_>) -> std::result::Result<(), &'static str> {
        if answer.status != 200 {
            return Err("no tokens");
        }
        Tokens::token_text(answer.body).ok_or("no access_token")?;
        let next = member(answer.body, "refresh_token").ok_or("no refresh_token")?;
        let mut chains = self.chains.borrow_mut();
        if chains[chain] == next {
            return Err("the refresh token before once more");
        }
        next.clone_into(&mut chains[chain]);
        Ok(())
    }

    /// Asks on so many connections until the server is gone, which `kill` sees to after a while. How many were answered.
    pub async fn until_it_falls(
        self: &Rc<Self>,
        port: u16,
        connections: usize,
        after: Duration,
        kill: impl FnOnce() -> Result<()>,
    ) -> Result<usize> {
        let all = LocalSet::new();
        let mut tasks = JoinSet::new();
        for _ in 0..connections {
            let plan = Rc::clone(self);
            let mut connection = Connection::open(port).await?;
            tasks.spawn_local_on(
                async move {
                    let mut answered = 0;
                    loop {
                        let chain = plan.take();
                        let outcome = match connection.exchange(&plan.request(chain)).await {
                            Ok(answer) => plan.renew(chain, &answer).map(|()| true),
                            Err(_) => Ok(false),
                        };
                        plan.free.borrow_mut().push(chain);
                        match outcome {
                            Ok(true) => answered += 1,
                            Ok(false) => return Ok(answered),
                            Err(why) => return Err(Fault::WrongAnswer(why.into())),
                        }
                    }
                },
                &all,
            );
        }
        all.run_until(async move {
            tokio::time::sleep_until((Instant::now() + after).into()).await;
            kill()?;
            let mut answered = 0;
            while let Some(done) = tasks.join_next().await {
                answered += done.map_err(|error| Fault::Unable(error.to_string()))??;
            }
            Ok(answered)
        })
        .await
    }

    /// Every chain goes on from its last answered token. How many there are.
    pub async fn all_go_on(&self, port: u16) -> Result<usize> {
        let mut connection = Connection::open(port).await?;
        let count = self.chains.borrow().len();
        for chain in 0..count {
            let answer = connection.exchange(&self.request(chain)).await?;
            self.renew(chain, &answer)
                .map_err(|why| Fault::WrongAnswer(format!("chain {chain}: {why}: {}", answer.describe())))?;
        }
        Ok(count)
    }
}

impl Plan for Rotations {
    type Ticket = usize;

    fn next(&self) -> (usize, Cow<'_, [u8]>) {
        let chain = self.take();
        (chain, Cow::Owned(self.request(chain)))
    }

    fn check(&self, chain: usize, answer: &Answer<'_>) -> std::result::Result<(), &'static str> {
        let renewed = self.renew(chain, answer);
        self.free.borrow_mut().push(chain);
        renewed
    }
}

//! The rule by which refresh tokens rotate, in the small: one row, and what a node does with it. It shares nothing with the
//! server's code. Beside the rule stand some that look alike and are wrong.

/// Tokens are numbered in the order in which they are made; the first one is 0.
pub type Token = u8;
pub type Time = u8;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rule {
    /// The server's: whoever writes under a condition that still holds wins; who lost, or comes again, gets the same
    /// successor while it is unused and the window lasts; whatever else is presented ends the family.
    Ours,
    /// Writes what it decided on without asking whether it still holds.
    ReadThenWrite,
    /// Who comes again gets a successor of their own.
    RetryMakesAnother,
    /// Every older token may come again within the window, not only the last.
    AnyAncestorMayRetry,
    /// Who loses a race is taken for a thief.
    LoserIsReuse,
    /// What a used token brings is refused, and nothing more.
    ReuseIsOnlyRefused,
    /// A window of nothing is taken for one that ends at once, which a request of a moment before still finds open.
    NoWindowIsAShortOne,
}

/// The row of a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Row {
    pub current: Token,
    pub previous: Option<Token>,
    pub rotated_at: Time,
    pub ended: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is the current one: make a successor, and then settle.
    Rotate,
    /// The same successor again.
    Again(Token),
    /// A successor of its own: only wrong rules say so.
    Another,
    Refuse,
    /// Reuse: end the family, then refuse.
    End,
}

impl Rule {
    /// What to do with a token, by the row as it was read.
    pub fn decide(self, row: &Row, token: Token, asked_at: Time, window: Time) -> Decision {
        let is_on = window > 0 || self == Self::NoWindowIsAShortOne;
        let lasts = is_on && row.rotated_at + window > asked_at;
        let is_previous = row.previous == Some(token);
        if row.ended {
            Decision::Refuse
        } else if token == row.current {
            Decision::Rotate
        } else if lasts && self == Self::RetryMakesAnother && is_previous {
            Decision::Another
        } else if lasts && (is_previous || self == Self::AnyAncestorMayRetry) {
            Decision::Again(row.current)
        } else if self == Self::ReuseIsOnlyRefused {
            Decision::Refuse
        } else {
            Decision::End
        }
    }

    /// The one conditional statement; whether it won.
    pub fn settle(self, row: &mut Row, token: Token, successor: Token, asked_at: Time) -> bool {
        let holds = row.current == token && !row.ended;
        if !holds && self != Self::ReadThenWrite {
            return false;
        }
        *row = Row { current: successor, previous: Some(token), rotated_at: asked_at, ended: row.ended };
        true
    }

    /// What a node does that lost, by the row as it is now.
    pub fn lost(self, row: &Row, token: Token, asked_at: Time, window: Time) -> Decision {
        if self == Self::LoserIsReuse && !row.ended {
            return Decision::End;
        }
        self.decide(row, token, asked_at, window)
    }
}

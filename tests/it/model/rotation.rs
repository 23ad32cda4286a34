//! Everything that can happen to one family: a client that asks again, nodes that take their steps in any order or die
//! between them, answers that are lost, time, and a thief who replays what left the server.

use stateright::{Model, Property};

use super::rule::{Decision, Row, Rule, Time, Token};

/// Requests that are under way at one time, on whichever nodes.
const PLACES: usize = 3;
/// More are not made in any run.
const TOKENS: usize = 8;

#[derive(Clone, Debug)]
pub struct Rotation {
    pub rule: Rule,
    pub window: Time,
    /// How many requests there are in a whole run, the client's and the thief's.
    pub requests: u8,
    pub thefts: u8,
    pub until: Time,
    /// Whether the client uses a successor only when nothing it asked with an older token is under way any more, and asks
    /// again, if it has to, while the window lasts.
    pub careful: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct State {
    pub row: Row,
    pub now: Time,
    /// The token that the client keeps.
    pub held: Token,
    pub places: [Place; PLACES],
    asked: u8,
    stolen: u8,
    /// How many tokens there are.
    pub made: Token,
    pub tokens: [History; TOKENS],
    /// A spent token brought something, or its family lived on after the answer.
    pub spent_in_vain: bool,
}

/// What became of one token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct History {
    /// A successor took its place in the row.
    pub is_replaced: bool,
    /// What it brought whoever presented it, as it left the server.
    pub successor: Option<Token>,
    pub brought_another: bool,
    pub brought_twice: bool,
}

/// One request, and how far it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    Free,
    Asked(Request),
    Signed(Request),
    Lost(Request),
    Ends(Request),
    Answers(Request, Option<Token>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Request {
    pub token: Token,
    /// The time of the whole request, as it is read at its beginning.
    at: Time,
    is_theft: bool,
    /// Whether at its beginning the successor was used, or the window over.
    is_spent: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Tick,
    Ask,
    Steal(Token),
    /// A node takes its next step with a request.
    Step(usize),
    /// The answer does not arrive; nor does one that a node owes when it dies.
    Lose(usize),
}

impl Place {
    fn request(&self) -> Option<&Request> {
        match self {
            Self::Free => None,
            Self::Asked(request)
            | Self::Signed(request)
            | Self::Lost(request)
            | Self::Ends(request)
            | Self::Answers(request, _) => Some(request),
        }
    }
}

impl State {
    fn clients_requests(&self) -> impl Iterator<Item = &Request> {
        self.places.iter().filter_map(Place::request).filter(|request| !request.is_theft)
    }

    fn may_ask(&self, model: &Rotation) -> bool {
        self.asked < model.requests
            && (!model.careful || self.clients_requests().all(|request| request.token == self.held))
    }

    /// A careful client learns of a successor, and a request comes to its end, before the window does.
    fn may_tick(&self, model: &Rotation) -> bool {
        let next = self.now + 1;
        let in_time = |since: Time| since + model.window > next;
        let knows = self.row.previous != Some(self.held) || in_time(self.row.rotated_at);
        next <= model.until && (!model.careful || (knows && self.clients_requests().all(|request| in_time(request.at))))
    }

    pub fn left_the_server(&self, token: Token) -> bool {
        token == 0 || self.tokens.iter().any(|history| history.successor == Some(token))
    }

    fn begin(&mut self, token: Token, is_theft: bool, window: Time) {
        let is_over = self.row.rotated_at + window <= self.now;
        let successor_is_used = self.row.previous != Some(token);
        let is_spent = self.tokens[usize::from(token)].is_replaced && (successor_is_used || is_over);
        let request = Request { token, at: self.now, is_theft, is_spent };
        if let Some(free) = self.places.iter_mut().find(|place| **place == Place::Free) {
            *free = Place::Asked(request);
        }
    }

    fn make(&mut self) -> Token {
        let token = self.made;
        self.made += 1;
        token
    }

    fn go_on(&mut self, request: Request, decision: Decision) -> Place {
        match decision {
            Decision::Rotate => Place::Signed(request),
            Decision::Again(successor) => Place::Answers(request, Some(successor)),
            Decision::Another => {
                self.row.current = self.make();
                Place::Answers(request, Some(self.row.current))
            }
            Decision::Refuse => Place::Answers(request, None),
            Decision::End => Place::Ends(request),
        }
    }

    fn answer(&mut self, request: &Request, answer: Option<Token>) {
        if request.is_spent && (answer.is_some() || !self.row.ended) {
            self.spent_in_vain = true;
        }
        if let Some(successor) = answer {
            let history = &mut self.tokens[usize::from(request.token)];
            match history.successor {
                Some(before) => {
                    history.brought_twice = true;
                    history.brought_another |= before != successor;
                }
                None => history.successor = Some(successor),
            }
        }
    }

    /// The next step of a request. Reading, settling and ending are each one statement; nobody sees what was signed before
    /// it is settled.
    fn step(&mut self, model: &Rotation, place: Place) -> Place {
        match place {
            Place::Free => Place::Free,
            Place::Asked(request) => {
                let decision = model.rule.decide(&self.row, request.token, request.at, model.window);
                self.go_on(request, decision)
            }
            Place::Signed(request) => {
                let successor = self.made;
                if !model.rule.settle(&mut self.row, request.token, successor, request.at) {
                    return Place::Lost(request);
                }
                self.made += 1;
                self.tokens[usize::from(request.token)].is_replaced = true;
                Place::Answers(request, Some(successor))
            }
            Place::Lost(request) => {
                let decision = model.rule.lost(&self.row, request.token, request.at, model.window);
                self.go_on(request, decision)
            }
            Place::Ends(request) => {
                self.row.ended = true;
                Place::Answers(request, None)
            }
            Place::Answers(request, answer) => {
                self.answer(&request, answer);
                // Of two tasks that keep one token, the later one does not overwrite what the earlier one has learned.
                if let Some(successor) = answer
                    && !request.is_theft
                    && self.held == request.token
                {
                    self.held = successor;
                }
                Place::Free
            }
        }
    }
}

impl Model for Rotation {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            row: Row { current: 0, previous: None, rotated_at: 0, ended: false },
            now: 0,
            held: 0,
            places: [Place::Free; PLACES],
            asked: 0,
            stolen: 0,
            made: 1,
            tokens: [History::default(); TOKENS],
            spent_in_vain: false,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        if state.may_tick(self) {
            actions.push(Action::Tick);
        }
        if state.places.contains(&Place::Free) {
            if state.may_ask(self) {
                actions.push(Action::Ask);
            }
            if state.stolen < self.thefts {
                actions.extend((0..state.made).filter(|token| state.left_the_server(*token)).map(Action::Steal));
            }
        }
        for (index, _) in state.places.iter().enumerate().filter(|(_, place)| **place != Place::Free) {
            actions.extend([Action::Step(index), Action::Lose(index)]);
        }
    }

    fn next_state(&self, before: &State, action: Action) -> Option<State> {
        let mut state = *before;
        match action {
            Action::Tick => state.now += 1,
            Action::Ask => {
                state.asked += 1;
                state.begin(state.held, false, self.window);
            }
            Action::Steal(token) => {
                state.stolen += 1;
                state.begin(token, true, self.window);
            }
            Action::Step(index) => {
                let place = state.step(self, state.places[index]);
                state.places[index] = place;
            }
            Action::Lose(index) => {
                // A thief may have seen the answer on its way.
                if let Place::Answers(request, answer) = state.places[index] {
                    state.answer(&request, answer);
                }
                state.places[index] = Place::Free;
            }
        }
        // Which node has which request makes no difference.
        state.places.sort_unstable();
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        super::properties()
    }
}

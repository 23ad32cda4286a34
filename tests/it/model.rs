//! The rotation of refresh tokens, checked in every order in which it can happen: a model of the rule, not of the code.

mod rotation;
mod rule;

use stateright::{Checker, HasDiscoveries, Model, Property};

use rotation::{Rotation, State};
use rule::{Decision, Rule};

const ONE_LIVES: &str = "at most one descendant lives";
const ONE_SUCCESSOR: &str = "a token brings one successor and no other";
const ONE_WINNER: &str = "a token brings something once";
const SPENT_ENDS: &str = "a spent token brings nothing and ends its family";
const SESSION_STAYS: &str = "the client's token brings it on";
const GIVEN_AGAIN: &str = "a successor is given again";
const THREE_ROTATIONS: &str = "the client rotates three times";
const FAMILY_ENDS: &str = "a family ends";

/// What holds always, and what has to happen somewhere for that to mean something.
fn properties() -> Vec<Property<Rotation>> {
    vec![
        Property::always(ONE_LIVES, |model: &Rotation, state: &State| live(model, state) <= 1),
        Property::always(ONE_SUCCESSOR, |_, state: &State| !state.tokens.iter().any(|token| token.brought_another)),
        Property::always(ONE_WINNER, |model: &Rotation, state: &State| {
            model.window > 0 || !state.tokens.iter().any(|token| token.brought_twice)
        }),
        Property::always(SPENT_ENDS, |_, state: &State| !state.spent_in_vain),
        Property::always(SESSION_STAYS, |model: &Rotation, state: &State| {
            !is_promised_to_stay(model) || goes_on(model, state)
        }),
        Property::sometimes(GIVEN_AGAIN, |model: &Rotation, state: &State| {
            model.window == 0 || state.tokens.iter().any(|token| token.brought_twice)
        }),
        Property::sometimes(THREE_ROTATIONS, |_, state: &State| state.left_the_server(3)),
        Property::sometimes(FAMILY_ENDS, |model: &Rotation, state: &State| {
            is_promised_to_stay(model) || state.row.ended
        }),
    ]
}

/// How many of the tokens that anybody can have would rotate if they were presented now.
fn live(model: &Rotation, state: &State) -> usize {
    let tokens = (0..state.made).filter(|token| state.left_the_server(*token));
    let rotates = |token| {
        let decision = model.rule.decide(&state.row, token, state.now, model.window);
        matches!(decision, Decision::Rotate | Decision::Another)
    };
    tokens.filter(|token| rotates(*token)).count()
}

fn is_promised_to_stay(model: &Rotation) -> bool {
    model.careful && model.thefts == 0 && model.window > 0
}

/// Whether what the client keeps is the current token, or brings it.
fn goes_on(model: &Rotation, state: &State) -> bool {
    match model.rule.decide(&state.row, state.held, state.now, model.window) {
        Decision::Rotate => true,
        Decision::Again(successor) => successor == state.row.current,
        Decision::Another | Decision::Refuse | Decision::End => false,
    }
}

/// A client and its retries, alone.
const ALONE: Rotation = Rotation { rule: Rule::Ours, window: 2, requests: 6, thefts: 0, until: 4, careful: true };
/// A client that comes whenever it likes, and a thief.
const ROBBED: Rotation = Rotation { requests: 3, thefts: 2, until: 2, careful: false, ..ALONE };

fn holds(model: Rotation) {
    model.checker().threads(2).spawn_bfs().join().assert_properties();
}

/// Some order of events breaks the property: the check can fail.
fn breaks(model: Rotation, property: &'static str) {
    let shown = format!("{model:?}");
    let checker = model.checker().finish_when(HasDiscoveries::AllOf([property].into())).threads(2).spawn_bfs().join();
    let found = checker.discovery(property);
    assert!(found.is_some(), "{shown}: {property}");
}

#[test]
fn a_client_that_retries_in_time_never_loses_its_session() {
    holds(ALONE);
}

#[test]
fn a_thief_never_has_a_live_token_beside_the_clients() {
    holds(ROBBED);
}

#[test]
fn without_a_window_one_wins() {
    holds(Rotation { window: 0, until: 1, ..ROBBED });
}

#[test]
fn a_request_that_outlives_the_use_of_its_successor_is_reuse() {
    // However short the time is: the rule allows a retry while the successor is unused.
    breaks(Rotation { careful: false, until: 0, ..ALONE }, FAMILY_ENDS);
}

#[test]
fn rules_that_look_alike_are_found_wrong() {
    breaks(Rotation { rule: Rule::ReadThenWrite, ..ALONE }, ONE_SUCCESSOR);
    breaks(Rotation { rule: Rule::ReadThenWrite, ..ALONE }, SESSION_STAYS);
    breaks(Rotation { rule: Rule::ReadThenWrite, window: 0, ..ROBBED }, ONE_WINNER);
    breaks(Rotation { rule: Rule::RetryMakesAnother, ..ALONE }, ONE_SUCCESSOR);
    breaks(Rotation { rule: Rule::RetryMakesAnother, ..ALONE }, ONE_LIVES);
    breaks(Rotation { rule: Rule::AnyAncestorMayRetry, ..ROBBED }, SPENT_ENDS);
    breaks(Rotation { rule: Rule::LoserIsReuse, ..ALONE }, SESSION_STAYS);
    breaks(Rotation { rule: Rule::NoWindowIsAShortOne, window: 0, ..ROBBED }, ONE_WINNER);
    breaks(Rotation { rule: Rule::ReuseIsOnlyRefused, ..ROBBED }, SPENT_ENDS);
}

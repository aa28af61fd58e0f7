//! Which events tell of the same outcome: confirmed, assumed, undone.

use jiff::Timestamp;
use rust_decimal::Decimal;

use super::outcome::{BilledStates, Outcome, OutcomeState, OutcomeTerms};

/// What an event says of an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Word {
    /// It came about.
    Confirmed,
    /// It is taken to have come about.
    Assumed,
    /// It did not last.
    Reversed,
}

/// An event that tells of an outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// What the events of one outcome have in common.
    pub key: String,
    /// When it happened.
    pub at: Timestamp,
    /// What it says.
    pub word: Word,
    /// The event's id.
    pub id: String,
    /// What the outcome counts.
    pub value: Decimal,
}

/// An outcome, and the events that tell of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paired {
    /// The outcome.
    pub outcome: Outcome,
    /// The events that say so, by id: the first names the outcome.
    pub told: Vec<String>,
    /// The event that undid it, by id.
    pub reversed: Option<String>,
}

impl OutcomeTerms {
    /// The outcomes that events tell of, whatever the order in which they came: a reversal undoes all outcomes of its key
    /// up to its moment that stand. Where assumed ones are billed, an assumption and a confirmation of one key are one
    /// outcome, at the earlier moment, with the value of the confirmation.
    #[must_use]
    pub fn pair(&self, mut told: Vec<Told>) -> Vec<Paired> {
        let order = |told: &Told| (told.key.clone(), told.at, told.word, told.id.clone());
        told.sort_by_cached_key(order);
        let mut paired: Vec<Paired> = Vec::new();
        for of_one in told.chunk_by(|one, other| one.key == other.key) {
            let begin = paired.len();
            for event in of_one {
                self.take(&mut paired, begin, event);
            }
        }
        paired
    }

    fn take(&self, paired: &mut Vec<Paired>, begin: usize, event: &Told) {
        let standing = |one: &&mut Paired| one.reversed.is_none();
        let mut before = paired[begin..].iter_mut().filter(standing);
        let bills_assumed = self.bill == BilledStates::ConfirmedAndAssumed;
        let state = match event.word {
            Word::Reversed => {
                for one in before {
                    one.outcome.reversed_at = Some(event.at);
                    one.reversed = Some(event.id.clone());
                }
                return;
            }
            Word::Assumed if !bills_assumed => return,
            Word::Assumed => {
                if let Some(same) = before.find(|one| one.outcome.state == OutcomeState::Confirmed) {
                    same.told.push(event.id.clone());
                    return;
                }
                OutcomeState::Assumed
            }
            Word::Confirmed => {
                let assumed = before.find(|one| one.outcome.state == OutcomeState::Assumed);
                if let Some(same) = assumed {
                    same.outcome.state = OutcomeState::Confirmed;
                    same.outcome.value = event.value;
                    same.told.push(event.id.clone());
                    return;
                }
                OutcomeState::Confirmed
            }
        };
        paired.push(Paired {
            outcome: Outcome {
                id: event.id.clone(),
                at: event.at,
                state,
                value: event.value,
                reversed_at: None,
            },
            told: vec![event.id.clone()],
            reversed: None,
        });
    }
}

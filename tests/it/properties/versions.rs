//! The version check: of commands at once that saw right, stale and future versions of shared streams, exactly
//! those take effect that some order of them allows.

use std::collections::BTreeMap;

use domain::lead::{Command, Lead};
use futures::future::join_all;
use proptest::prelude::*;
use store::{Committed, Filter, Orders, Rejection, Store, StoreError};

use super::holds;
use crate::support::{capture, lead_id, tenant};

const STREAMS: usize = 3;

/// A command that one of two processes sends to one of the streams.
#[derive(Clone, Debug)]
struct Attempt {
    process: usize,
    stream: usize,
    /// How far the version that the caller claims to have seen is from the one before the round; `None`: any.
    off: Option<i64>,
}

/// Rounds of commands; those of a round are sent at once.
fn rounds() -> impl Strategy<Value = Vec<Vec<Attempt>>> {
    let off = prop_oneof![
        1 => Just(None),
        6 => (-2..4_i64).prop_map(Some),
        3 => Just(Some(0)),
    ];
    let attempt =
        (0..2_usize, 0..STREAMS, off).prop_map(|(process, stream, off)| Attempt { process, stream, off });
    prop::collection::vec(prop::collection::vec(attempt, 1..10), 1..8)
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Outcome {
    Took(Version),
    Stale,
    Ahead { actual: u64 },
}

/// The stream's version after a command, and the position of its event.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Version {
    version: u64,
    position: u64,
}

async fn attempt(store: &Store, caller: &domain::Caller, stream: usize, expected: Option<u64>) -> Outcome {
    let orders = Orders {
        expected_version: expected,
        ..Orders::one(Command::Contact {
            channel: "phone".to_owned(),
        })
    };
    let id = lead_id(&format!("lead-{stream}"));
    match store.execute::<Lead>(caller, &id, orders).await {
        Ok(Committed {
            version, position, ..
        }) => Outcome::Took(Version { version, position }),
        Err(StoreError::Conflict { .. }) => Outcome::Stale,
        Err(StoreError::Rejected(Rejection::VersionAhead { actual, .. })) => Outcome::Ahead { actual },
        Err(other) => panic!("{other}"),
    }
}

/// Holds the outcomes of one stream's commands of a round, with what each expected, against the model: some
/// order of them explains them all. Gives the stream's version after the round.
fn judge(before: u64, outcomes: &[(Option<u64>, Outcome)]) -> Result<u64, TestCaseError> {
    let mut taken: Vec<u64> = Vec::new();
    for (expected, outcome) in outcomes {
        if let Outcome::Took(took) = outcome {
            prop_assert!(
                expected.is_none_or(|expected| took.version == expected + 1),
                "{expected:?} took {took:?}"
            );
            taken.push(took.version);
        }
    }
    taken.sort_unstable();
    let after = before + taken.len() as u64;
    prop_assert_eq!(taken, (before + 1..=after).collect::<Vec<_>>());
    for (expected, outcome) in outcomes {
        match (expected, outcome) {
            (_, Outcome::Took(_)) => {}
            (Some(expected), Outcome::Stale) => {
                prop_assert!(
                    *expected < after,
                    "{expected} was never stale: {before} to {after}"
                );
            }
            (Some(expected), Outcome::Ahead { actual }) => {
                prop_assert!(actual < expected, "{expected} is not ahead of {actual}");
                prop_assert!(
                    (before..=after).contains(actual),
                    "{actual}: it had {before} to {after}"
                );
            }
            (None, refused) => prop_assert!(false, "any version was right, and yet: {refused:?}"),
        }
    }
    Ok(after)
}

#[test]
fn of_commands_at_once_exactly_those_with_the_right_version_take_effect() {
    holds(24, &rounds(), async |stores, rounds| {
        let slug = format!("t{}", stores[0].log().head().await.unwrap());
        let caller = tenant(stores[0], &slug).await;
        let mut versions = [1_u64; STREAMS];
        let mut positions = BTreeMap::new();
        for stream in 0..STREAMS {
            let id = lead_id(&format!("lead-{stream}"));
            let captured = stores[0]
                .execute::<Lead>(&caller, &id, Orders::one(capture()))
                .await
                .unwrap();
            positions.insert(captured.position, (id.to_string(), 1));
        }
        let first = *positions.keys().next().unwrap();
        for round in rounds {
            let attempts = round.iter().map(|one| {
                let seen = |off: i64| versions[one.stream].saturating_add_signed(off);
                let (expected, caller) = (one.off.map(seen), &caller);
                async move {
                    let outcome = attempt(stores[one.process], caller, one.stream, expected).await;
                    (one.stream, expected, outcome)
                }
            });
            let outcomes = join_all(attempts).await;
            for (stream, version) in versions.iter_mut().enumerate() {
                let of_stream: Vec<_> = outcomes
                    .iter()
                    .filter(|(of, ..)| *of == stream)
                    .map(|(_, expected, outcome)| (*expected, *outcome))
                    .collect();
                *version = judge(*version, &of_stream)?;
            }
            for (stream, _, outcome) in outcomes {
                if let Outcome::Took(Version { version, position }) = outcome {
                    let before = positions.insert(position, (format!("lead-{stream}"), version));
                    prop_assert_eq!(before, None, "two commands got position {}", position);
                }
            }
        }
        // The log holds what was acknowledged and nothing else, without gaps.
        let page = stores[1]
            .log()
            .page(first - 1, &Filter::default(), 10_000)
            .await
            .unwrap();
        let stored: BTreeMap<u64, (String, u64)> = page
            .into_iter()
            .map(|event| (event.position, (event.stream.id, event.sequence)))
            .collect();
        let end = first + positions.len() as u64;
        prop_assert_eq!(
            positions.keys().copied().collect::<Vec<_>>(),
            (first..end).collect::<Vec<_>>()
        );
        prop_assert_eq!(stored, positions);
        Ok(())
    });
}

//! Worked examples that others have published, each with its source: the engine must come to their figures.

pub(super) mod account;
pub(super) mod build;
mod graduated;
mod invoice;
mod late;
mod package;
mod percentage;
pub(super) mod proration;
mod result;
mod standard;
mod volume;

use std::collections::BTreeSet;

use super::exact::Exact;

/// One published case: whose it is, what it comes to there, and what it comes to here.
struct Example {
    id: &'static str,
    source: &'static str,
    expected: Vec<Exact>,
    got: Vec<Exact>,
}

/// A case of one figure or several, with spaces between.
fn example<const N: usize>(
    id: &'static str,
    source: &'static str,
    expected: &str,
    got: [Exact; N],
) -> Example {
    let expected = expected.split_whitespace().map(|figure| figure.parse().unwrap());
    Example {
        id,
        source,
        expected: expected.collect(),
        got: got.into(),
    }
}

fn all() -> Vec<Example> {
    [
        graduated::examples(),
        invoice::examples(),
        late::examples(),
        package::examples(),
        percentage::examples(),
        proration::examples(),
        result::examples(),
        standard::examples(),
        volume::examples(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[test]
fn published_examples_come_to_the_published_figures() {
    let wrong: Vec<String> = all()
        .into_iter()
        .filter(|example| example.got != example.expected)
        .map(|it| {
            format!(
                "{} ({}): {:?} instead of {:?}",
                it.id, it.source, it.got, it.expected
            )
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn each_example_has_an_id_of_its_own_and_a_source() {
    let all = all();
    let ids: BTreeSet<&str> = all.iter().map(|example| example.id).collect();
    assert_eq!(ids.len(), all.len());
    assert!(all.iter().all(|example| example.source.len() > 8));
}

//! The counter of equal rows, in memory and in its runs, against a plain map.

use std::collections::HashMap;

use proptest::prelude::*;
use sha2::{Digest, Sha256};

use crate::csv_file::Occurrences;

fn fingerprint(row: u32) -> [u8; 16] {
    Sha256::digest(row.to_le_bytes())[..16].try_into().unwrap()
}

fn agrees_with_a_map(rows: impl IntoIterator<Item = [u8; 16]>, limit_bytes: usize) {
    let mut occurrences = Occurrences::with_limit(std::env::temp_dir(), limit_bytes);
    let mut expected: HashMap<[u8; 16], u64> = HashMap::new();
    for row in rows {
        let count = expected.entry(row).or_default();
        *count += 1;
        assert_eq!(occurrences.count(row).unwrap(), *count);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn the_counts_are_those_of_a_map(
        rows in prop::collection::vec(0u32..600, 0..3000),
        limit_bytes in 0usize..8000,
    ) {
        agrees_with_a_map(rows.into_iter().map(fingerprint), limit_bytes);
    }

    #[test]
    fn fingerprints_that_are_nearly_alike_are_told_apart(
        rows in prop::collection::vec((any::<bool>(), 0u16..700), 0..2000),
    ) {
        let crowded = |(last, row): (bool, u16)| {
            let mut fingerprint = if last { [0xff; 16] } else { [0; 16] };
            fingerprint[14..].copy_from_slice(&row.to_le_bytes());
            fingerprint
        };
        agrees_with_a_map(rows.into_iter().map(crowded), 0);
    }
}

#[test]
fn runs_are_merged_and_merged_again() {
    agrees_with_a_map((0..40_000u32).chain(0..40_000).map(fingerprint), 4000);
}

//! The bundled meters and the read models that are folded by them: one does not change without the others.

use domain::meter::bundled_gauges;

use super::MeteredUsage;
use crate::engine::ReadModel;
use crate::platform_usage::PlatformUsage;
use crate::quarantined_usage::QuarantinedUsage;

/// What the bundled meters were at each VERSION, the first at 1: a digest of all that they say.
const BUNDLED: &[u64] = &[
    0xef74_da88_ca43_425c,
    0x79b7_d1f4_8b41_0a78,
    0xdc23_7105_166c_297a,
    // The same meters: since this version facts in a unit that is not the meter's are set aside, and those below zero that
    // correct nothing.
    0xdc23_7105_166c_297a,
];

/// FNV-1a, of 64 bits: the same on every machine and for ever.
fn digest(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |digest, byte| {
        (digest ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[test]
fn changed_bundled_meters_are_a_new_version_of_what_is_folded_by_them() {
    let mut told = String::new();
    for gauge in bundled_gauges() {
        let definition = serde_json::to_string(gauge.definition()).unwrap();
        told += &format!("{} {} {definition}\n", gauge.code(), gauge.version());
    }
    let versions = [
        MeteredUsage::VERSION,
        QuarantinedUsage::VERSION,
        PlatformUsage::VERSION,
    ];
    let known = i32::try_from(BUNDLED.len()).unwrap();
    assert_eq!(
        (versions, BUNDLED.last()),
        ([known; 3], Some(&digest(&told))),
        "the bundled meters are not what they were: raise VERSION of metered_usage, quarantined_usage and platform_usage, \
         and add {:#018x} to BUNDLED, so that what was counted before is counted again",
        digest(&told)
    );
}

//! The one real clock, the one real source of ids, and the one real source of secrets.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use rand::RngCore;
use store::{Ambient, Clock, Ids};
use ulid::Ulid;

/// The machine's clock and random ids.
#[must_use]
pub fn system() -> Ambient {
    Ambient {
        clock: Arc::new(SystemClock),
        ids: Arc::new(SystemIds::default()),
    }
}

struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one real clock")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// ULIDs that sort in the order in which this process made them.
#[derive(Default)]
struct SystemIds {
    last: Mutex<u128>,
}

impl Ids for SystemIds {
    fn fresh(&self, now: Timestamp) -> Ulid {
        let milliseconds = u64::try_from(now.as_millisecond()).unwrap_or_default();
        let mut entropy = [0; 16];
        rand::rng().fill_bytes(&mut entropy);
        let candidate = Ulid::from_parts(milliseconds, u128::from_be_bytes(entropy)).0;
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        *last = candidate.max(*last + 1);
        Ulid(*last)
    }
}

/// 32 random bytes from the operating system's generator.
#[must_use]
pub fn seed() -> [u8; 32] {
    let mut bytes = [0; 32];
    rand::rng().fill_bytes(&mut bytes);
    bytes
}

/// 32 random bytes from the operating system's generator, as 43 characters of base64url.
#[must_use]
pub fn secret() -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut bytes = [0; 43];
    rand::rng().fill_bytes(&mut bytes);
    bytes
        .iter()
        .map(|byte| char::from(ALPHABET[usize::from(byte & 63)]))
        .collect()
}

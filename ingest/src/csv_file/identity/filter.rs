//! A blocked Bloom filter: it may take a new fingerprint for a known one, never a known one for new.

use super::Fingerprint;

const BLOCK_WORDS: usize = 8;
const BITS_PER_KEY: u32 = 7;

/// A block is one cache line; the more fingerprints there are for its size, the more often it is wrong.
pub(super) struct Filter {
    blocks: Vec<[u64; BLOCK_WORDS]>,
}

impl Filter {
    pub(super) fn with_bytes(bytes: usize) -> Self {
        let block_bytes = BLOCK_WORDS * size_of::<u64>();
        Self {
            blocks: vec![[0; BLOCK_WORDS]; (bytes / block_bytes).max(1)],
        }
    }

    pub(super) fn add(&mut self, fingerprint: Fingerprint) {
        let (block, bits) = self.place(fingerprint);
        for (word, bit) in bits {
            self.blocks[block][word] |= bit;
        }
    }

    pub(super) fn may_know(&self, fingerprint: Fingerprint) -> bool {
        let (block, mut bits) = self.place(fingerprint);
        bits.all(|(word, bit)| self.blocks[block][word] & bit != 0)
    }

    /// The block by the first half of the fingerprint, the bits in it by nine bits each of the second.
    fn place(&self, fingerprint: Fingerprint) -> (usize, impl Iterator<Item = (usize, u64)> + use<>) {
        let whole = u128::from_be_bytes(fingerprint);
        let (first, second) = ((whole >> 64) as u64, whole as u64);
        let block = (u128::from(first) * self.blocks.len() as u128) >> 64;
        let bit = move |n: u32| {
            let bit = second >> (9 * n) & 511;
            ((bit >> 6) as usize, 1 << (bit & 63))
        };
        (block as usize, (0..BITS_PER_KEY).map(bit))
    }
}

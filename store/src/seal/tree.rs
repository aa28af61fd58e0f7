//! A Merkle tree as RFC 6962 (section 2.1) and RFC 9162 (section 2.1) have it, without a word of where its
//! hashes lie.

use sha2::{Digest as _, Sha256};

/// A SHA-256.
pub type Hash = [u8; 32];

/// The hash of a leaf: SHA-256 over a zero byte and the leaf.
#[must_use]
pub(super) fn leaf_hash(leaf: &[u8]) -> Hash {
    Sha256::new()
        .chain_update([0])
        .chain_update(leaf)
        .finalize()
        .into()
}

/// The hash of a node: SHA-256 over a byte of one and both children.
#[must_use]
pub(super) fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut bytes = [1; 65];
    bytes[1..33].copy_from_slice(left);
    bytes[33..].copy_from_slice(right);
    Sha256::digest(bytes).into()
}

/// A complete subtree: `2^level` leaves, the first of them at `index * 2^level`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Node {
    /// Its height: 0 is a leaf.
    pub(super) level: u32,
    /// Its number among those of its height.
    pub(super) index: u64,
}

/// Leaves beside each other: those from `from` on, before `to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    /// The first.
    pub(super) from: u64,
    /// The one after the last.
    pub(super) to: u64,
}

impl Span {
    /// The largest complete subtrees that make it up, from left to right.
    #[must_use]
    pub(super) fn nodes(self) -> Vec<Node> {
        let (mut at, mut nodes) = (self.from, Vec::new());
        while at < self.to {
            let fitting = (self.to - at).ilog2();
            let level = if at == 0 {
                fitting
            } else {
                fitting.min(at.trailing_zeros())
            };
            nodes.push(Node {
                level,
                index: at >> level,
            });
            at += 1 << level;
        }
        nodes
    }

    /// The hash of the span, if it is a subtree: of the hashes of its nodes, from left to right.
    #[must_use]
    pub(super) fn fold(hashes: &[Hash]) -> Hash {
        let Some((last, before)) = hashes.split_last() else {
            return empty_root();
        };
        before.iter().rfold(*last, |right, left| node_hash(left, &right))
    }
}

/// The root of the tree without leaves: SHA-256 over nothing.
#[must_use]
pub(super) fn empty_root() -> Hash {
    Sha256::digest(b"").into()
}

/// The largest power of two below `leaves`, of which there are two at least.
const fn split(leaves: u64) -> u64 {
    1 << (leaves - 1).ilog2()
}

/// The subtrees whose hashes prove that the leaf `index` is in the tree of `size` leaves: from the leaf's
/// sibling up (RFC 6962, section 2.1.1). Empty if there is no such leaf.
#[must_use]
pub(super) fn inclusion_path(index: u64, size: u64) -> Vec<Span> {
    let (mut from, mut to, mut path) = (0, size, Vec::new());
    if index >= size {
        return path;
    }
    while to - from > 1 {
        let middle = from + split(to - from);
        if index < middle {
            path.push(Span { from: middle, to });
            to = middle;
        } else {
            path.push(Span { from, to: middle });
            from = middle;
        }
    }
    path.reverse();
    path
}

/// The subtrees whose hashes prove that the tree of `old` leaves is the beginning of that of `new` leaves
/// (RFC 6962, section 2.1.2). Empty if both are the same, or the old one is empty.
#[must_use]
pub(super) fn consistency_path(old: u64, new: u64) -> Vec<Span> {
    let (mut from, mut to, mut path) = (0, new, Vec::new());
    if old == 0 || old >= new {
        return path;
    }
    while old < to {
        let middle = from + split(to - from);
        if old <= middle {
            path.push(Span { from: middle, to });
            to = middle;
        } else {
            path.push(Span { from, to: middle });
            from = middle;
        }
    }
    // The old tree's own right edge, unless it is the whole old tree, whose root is known.
    if from > 0 {
        path.push(Span { from, to });
    }
    path.reverse();
    path
}

/// The root that an inclusion proof leads to from a leaf; `None` if it has too many hashes or too few
/// (RFC 9162, section 2.1.3.2).
#[must_use]
pub(super) fn root_by_inclusion(leaf: Hash, index: u64, size: u64, proof: &[Hash]) -> Option<Hash> {
    if index >= size {
        return None;
    }
    let (mut place, mut last, mut root) = (index, size - 1, leaf);
    for hash in proof {
        if last == 0 {
            return None;
        }
        if place & 1 == 1 || place == last {
            root = node_hash(hash, &root);
            while place & 1 == 0 && place != 0 {
                (place, last) = (place >> 1, last >> 1);
            }
        } else {
            root = node_hash(&root, hash);
        }
        (place, last) = (place >> 1, last >> 1);
    }
    (last == 0).then_some(root)
}

/// Whether a consistency proof leads from one root to the other (RFC 9162, section 2.1.4.2).
#[must_use]
pub(super) fn is_consistent(old: (u64, Hash), new: (u64, Hash), proof: &[Hash]) -> bool {
    let ((old_size, old_root), (new_size, new_root)) = (old, new);
    if old_size > new_size {
        return false;
    }
    if old_size == new_size {
        return proof.is_empty() && old_root == new_root;
    }
    if old_size == 0 {
        return proof.is_empty() && old_root == empty_root();
    }
    let (first, rest) = if old_size.is_power_of_two() {
        (old_root, proof)
    } else {
        match proof.split_first() {
            Some((first, rest)) => (*first, rest),
            None => return false,
        }
    };
    let (mut place, mut last) = (old_size - 1, new_size - 1);
    while place & 1 == 1 {
        (place, last) = (place >> 1, last >> 1);
    }
    let (mut to_old, mut to_new) = (first, first);
    for hash in rest {
        if last == 0 {
            return false;
        }
        if place & 1 == 1 || place == last {
            (to_old, to_new) = (node_hash(hash, &to_old), node_hash(hash, &to_new));
            while place & 1 == 0 && place != 0 {
                (place, last) = (place >> 1, last >> 1);
            }
        } else {
            to_new = node_hash(&to_new, hash);
        }
        (place, last) = (place >> 1, last >> 1);
    }
    last == 0 && to_old == old_root && to_new == new_root
}

/// A tree that grows to the right: its complete subtrees, of which there is one at most of each height.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Frontier {
    size: u64,
    hashes: Vec<Hash>,
}

impl Frontier {
    /// The tree of `size` leaves whose complete subtrees have these hashes, from left to right; `None` if there
    /// are too many or too few.
    #[must_use]
    pub(super) fn of(size: u64, hashes: Vec<Hash>) -> Option<Self> {
        (hashes.len() == size.count_ones() as usize).then_some(Self { size, hashes })
    }

    /// Adds a leaf, by its hash.
    pub(super) fn push(&mut self, leaf: Hash) {
        self.push_subtree(0, leaf);
    }

    /// Adds a complete subtree of `2^level` leaves, which is no larger than the last one here allows.
    fn push_subtree(&mut self, level: u32, hash: Hash) {
        let (mut hash, mut height) = (hash, level);
        while self.size >> height & 1 == 1 {
            let Some(left) = self.hashes.pop() else {
                break;
            };
            hash = node_hash(&left, &hash);
            height += 1;
        }
        self.hashes.push(hash);
        self.size += 1 << level;
    }

    /// The root that the tree has when it grows to `size` leaves by the subtrees of [`Span::nodes`]; `None` if
    /// there are too many hashes or too few.
    #[must_use]
    pub(super) fn root_at(mut self, size: u64, hashes: &[Hash]) -> Option<Hash> {
        let nodes = Span {
            from: self.size,
            to: size,
        }
        .nodes();
        if self.size > size || nodes.len() != hashes.len() {
            return None;
        }
        for (node, hash) in nodes.iter().zip(hashes) {
            self.push_subtree(node.level, *hash);
        }
        Some(self.root())
    }

    /// The root.
    #[must_use]
    pub(super) fn root(&self) -> Hash {
        Span::fold(&self.hashes)
    }
}

#[cfg(test)]
mod tests;

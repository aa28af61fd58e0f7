//! Where a tree's hashes lie: in tiles of 32, of every fifth level.

use std::collections::BTreeMap;

use super::tree::{Frontier, Hash, Node, Span, node_hash};

/// The levels of a tree that a tile spans.
const HEIGHT: u32 = 5;
/// The hashes of a full tile.
pub(super) const WIDTH: u64 = 1 << HEIGHT;

/// A tile's place in its tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Place {
    /// Of tiles: the tree's level divided by five.
    pub(super) level: u32,
    /// Its number among those of its level.
    pub(super) index: u64,
}

impl Place {
    /// The tile from which a node's hash is computed, and of which of its hashes.
    pub(super) fn of(node: Node) -> (Self, std::ops::Range<usize>) {
        let (level, rise) = (node.level / HEIGHT, node.level % HEIGHT);
        let first = node.index << rise;
        let from = usize::try_from(first % WIDTH).unwrap_or_default();
        let place = Self {
            level,
            index: first / WIDTH,
        };
        (place, from..from + (1 << rise))
    }

    /// How many tiles a tree of this size has.
    pub(super) fn count(size: u64) -> u64 {
        let hashes = (0..).map(|level| size >> (HEIGHT * level));
        hashes
            .take_while(|hashes| *hashes > 0)
            .map(|hashes| hashes.div_ceil(WIDTH))
            .sum()
    }
}

/// The hash of neighbouring hashes, a power of two of them.
pub(super) fn rise(hashes: &[Hash]) -> Hash {
    match hashes {
        [one] => *one,
        more => {
            let (left, right) = more.split_at(more.len() / 2);
            node_hash(&rise(left), &rise(right))
        }
    }
}

/// A tile's hashes, and the positions of its leaves if it has any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tile {
    pub(super) hashes: Vec<Hash>,
    pub(super) positions: Vec<u64>,
}

impl Tile {
    /// Reads what [`Tile::columns`] wrote; `None` if it can't be.
    pub(super) fn read(hashes: &[u8], positions: Option<&[u8]>) -> Option<Self> {
        let (hashes, rest) = hashes.as_chunks::<32>();
        let (positions, over) = positions.unwrap_or_default().as_chunks::<8>();
        (rest.is_empty() && over.is_empty()).then(|| Self {
            hashes: hashes.to_vec(),
            positions: positions.iter().copied().map(u64::from_be_bytes).collect(),
        })
    }

    /// Its columns: the hashes, and the positions if it is one of leaves.
    pub(super) fn columns(&self) -> (Vec<u8>, Option<Vec<u8>>) {
        let positions: Vec<u8> = self
            .positions
            .iter()
            .flat_map(|position| position.to_be_bytes())
            .collect();
        (self.hashes.concat(), (!positions.is_empty()).then_some(positions))
    }
}

/// The right edge of a tree, to which leaves are added: the tiles that are not full.
#[derive(Clone, Debug, Default)]
pub(super) struct Edge {
    size: u64,
    /// A level each.
    tiles: Vec<Tile>,
    /// Those that were filled since it was read.
    filled: BTreeMap<Place, Tile>,
    /// The highest level that was added to.
    reached: u32,
}

impl Edge {
    /// Where the tiles of the right edge of a tree of this size lie.
    pub(super) fn places(size: u64) -> Vec<Place> {
        let levels = (0..).take_while(|level| size >> (HEIGHT * level) > 0);
        let partial = levels.filter(|level| !(size >> (HEIGHT * level)).is_multiple_of(WIDTH));
        partial
            .map(|level| Place {
                level,
                index: size >> (HEIGHT * (level + 1)),
            })
            .collect()
    }

    /// The right edge of a tree of this size, of its stored tiles; `None` if they are not those.
    pub(super) fn of(size: u64, stored: &BTreeMap<Place, Tile>) -> Option<Self> {
        let places = Self::places(size);
        let levels = places.last().map_or(0, |place| place.level + 1);
        let mut tiles = vec![Tile::default(); levels as usize];
        for place in places {
            let tile = stored.get(&place)?;
            let full = (size >> (HEIGHT * place.level)) % WIDTH;
            let positions = if place.level == 0 { full } else { 0 };
            if tile.hashes.len() as u64 != full || tile.positions.len() as u64 != positions {
                return None;
            }
            tiles[place.level as usize] = tile.clone();
        }
        Some(Self {
            size,
            tiles,
            ..Self::default()
        })
    }

    pub(super) const fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf.
    pub(super) fn push(&mut self, leaf: Hash, position: u64) {
        let (mut hash, mut level) = (leaf, 0);
        let size = self.size;
        self.size += 1;
        loop {
            if self.tiles.len() <= level as usize {
                self.tiles.push(Tile::default());
            }
            let tile = &mut self.tiles[level as usize];
            tile.hashes.push(hash);
            if level == 0 {
                tile.positions.push(position);
            }
            let place = Place {
                level,
                index: size >> (HEIGHT * (level + 1)),
            };
            if (tile.hashes.len() as u64) < WIDTH {
                return;
            }
            hash = rise(&tile.hashes);
            self.filled.insert(place, std::mem::take(tile));
            level += 1;
            self.reached = self.reached.max(level);
        }
    }

    /// The tiles that came or changed since it was read.
    pub(super) fn changed(&self) -> BTreeMap<Place, Tile> {
        let mut changed = self.filled.clone();
        for place in Self::places(self.size) {
            if place.level <= self.reached {
                changed.insert(place, self.tiles[place.level as usize].clone());
            }
        }
        changed
    }

    /// The tiles that were filled since it was read, or since they were taken.
    pub(super) fn take_filled(&mut self) -> BTreeMap<Place, Tile> {
        std::mem::take(&mut self.filled)
    }

    /// The tiles that are not full.
    pub(super) fn partial(&self) -> BTreeMap<Place, Tile> {
        let tile = |place: Place| (place, self.tiles[place.level as usize].clone());
        Self::places(self.size).into_iter().map(tile).collect()
    }

    /// The root.
    pub(super) fn root(&self) -> Hash {
        let mut hashes = Vec::new();
        for tile in self.tiles.iter().rev() {
            let nodes = Span {
                from: 0,
                to: tile.hashes.len() as u64,
            }
            .nodes();
            for node in nodes {
                let from = usize::try_from(node.index << node.level).unwrap_or_default();
                hashes.push(rise(&tile.hashes[from..from + (1 << node.level)]));
            }
        }
        Frontier::of(self.size, hashes).unwrap_or_default().root()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::tree::{Frontier, Span, leaf_hash};
    use super::{Edge, Place, Tile, rise};

    #[test]
    fn a_tree_grown_in_steps_has_the_root_and_the_nodes_of_one_grown_at_once() {
        let leaf = |number: u64| leaf_hash(&number.to_be_bytes());
        let (mut stored, mut size, mut whole) = (BTreeMap::<Place, Tile>::new(), 0, Frontier::default());
        for step in [1, 1, 29, 1, 1, 31, 32, 33, 900, 1, 1_100, 7] {
            let mut edge = Edge::of(size, &stored).unwrap();
            for number in size..size + step {
                edge.push(leaf(number), number * 10);
                whole.push(leaf(number));
            }
            assert_eq!(edge.root(), whole.root(), "{size} and {step}");
            for (place, tile) in edge.changed() {
                let (hashes, positions) = tile.columns();
                assert_eq!(Tile::read(&hashes, positions.as_deref()), Some(tile.clone()));
                stored.insert(place, tile);
            }
            size += step;
            assert_eq!(Place::count(size), stored.len() as u64, "{size}");
        }
        for to in [1, 31, 32, 33, 1_023, 1_024, 1_025, size] {
            let nodes = Span { from: 0, to }.nodes();
            let hashes: Vec<_> = nodes
                .iter()
                .map(|node| {
                    let (place, range) = Place::of(*node);
                    rise(&stored[&place].hashes[range])
                })
                .collect();
            let mut grown = Frontier::default();
            (0..to).for_each(|number| grown.push(leaf(number)));
            assert_eq!(Span::fold(&hashes), grown.root(), "{to}");
        }
        let full = stored[&Place { level: 0, index: 1 }].clone();
        assert_eq!(full.positions.first(), Some(&320));
        assert!(Edge::of(size + 1, &stored).is_none());
    }
}

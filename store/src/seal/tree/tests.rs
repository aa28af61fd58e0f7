//! Held against the vectors of others, and against the definition.

use super::*;

/// The leaves, roots and proofs of certificate-transparency's merkle_tree_test.cc.
const LEAVES: [&str; 8] = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
];
const ROOTS: [&str; 9] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];
const INCLUSIONS: &[(u64, u64, &[&str])] = &[
    (0, 1, &[]),
    (
        0,
        8,
        &[
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        5,
        8,
        &[
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (
        2,
        3,
        &["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    ),
    (
        1,
        5,
        &[
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
];
const CONSISTENCIES: &[(u64, u64, &[&str])] = &[
    (1, 1, &[]),
    (
        1,
        8,
        &[
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        6,
        8,
        &[
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (
        2,
        5,
        &[
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
];

fn hash(text: &str) -> Hash {
    hex::decode(text).unwrap().try_into().unwrap()
}

fn leaves() -> Vec<Hash> {
    LEAVES
        .iter()
        .map(|leaf| leaf_hash(&hex::decode(leaf).unwrap()))
        .collect()
}

/// The root by the RFC's recursive definition.
fn root_of(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty_root(),
        [one] => *one,
        more => {
            let (left, right) = more.split_at(usize::try_from(split(more.len() as u64)).unwrap());
            node_hash(&root_of(left), &root_of(right))
        }
    }
}

fn proof(leaves: &[Hash], path: &[Span]) -> Vec<Hash> {
    let at = |at: u64| usize::try_from(at).unwrap();
    path.iter()
        .map(|span| {
            let node = |node: &Node| {
                let first = at(node.index << node.level);
                root_of(&leaves[first..first + (1 << node.level)])
            };
            let nodes: Vec<Hash> = span.nodes().iter().map(node).collect();
            assert_eq!(Span::fold(&nodes), root_of(&leaves[at(span.from)..at(span.to)]));
            Span::fold(&nodes)
        })
        .collect()
}

fn many(count: u64) -> Vec<Hash> {
    (0..count)
        .map(|number| leaf_hash(&number.to_be_bytes()))
        .collect()
}

#[test]
fn roots_are_those_of_the_certificate_transparency_suite() {
    let mut tree = Frontier::default();
    for (size, expected) in ROOTS.iter().enumerate() {
        assert_eq!(tree.root(), hash(expected), "{size} leaves");
        if let Some(leaf) = leaves().get(size) {
            tree.push(*leaf);
        }
    }
}

#[test]
fn inclusion_proofs_are_those_of_the_certificate_transparency_suite() {
    for (index, size, expected) in INCLUSIONS {
        let made = proof(&leaves(), &inclusion_path(*index, *size));
        let expected: Vec<Hash> = expected.iter().map(|text| hash(text)).collect();
        assert_eq!(made, expected, "leaf {index} of {size}");
    }
}

#[test]
fn consistency_proofs_are_those_of_the_certificate_transparency_suite() {
    for (old, new, expected) in CONSISTENCIES {
        let made = proof(&leaves(), &consistency_path(*old, *new));
        let expected: Vec<Hash> = expected.iter().map(|text| hash(text)).collect();
        assert_eq!(made, expected, "from {old} to {new}");
    }
}

#[test]
fn every_leaf_of_every_small_tree_is_proven_and_no_other() {
    let leaves = many(70);
    for size in 1..=70 {
        let root = root_of(&leaves[..size]);
        for index in 0..size as u64 {
            let proof = proof(&leaves, &inclusion_path(index, size as u64));
            let leaf = leaves[usize::try_from(index).unwrap()];
            let found = |leaf, index, proof: &[Hash]| root_by_inclusion(leaf, index, size as u64, proof);
            assert_eq!(found(leaf, index, &proof), Some(root));
            assert_ne!(found(leaf_hash(b"other"), index, &proof), Some(root));
            assert_ne!(found(leaf, index + 1, &proof), Some(root));
            assert_eq!(found(leaf, index, &[proof.clone(), vec![root]].concat()), None);
            if let Some((_, shorter)) = proof.split_last() {
                assert_eq!(found(leaf, index, shorter), None);
            }
        }
    }
}

#[test]
fn every_small_tree_is_the_beginning_of_every_larger_one_and_of_no_other() {
    let leaves = many(40);
    let tree = |size: usize| (size as u64, root_of(&leaves[..size]));
    for new in 0..=40 {
        for old in 0..=new {
            let proof = proof(&leaves, &consistency_path(old as u64, new as u64));
            assert!(is_consistent(tree(old), tree(new), &proof), "{old} {new}");
            let other = leaf_hash(b"other");
            assert!(!is_consistent((old as u64, other), tree(new), &proof));
            if old > 0 {
                assert!(!is_consistent(tree(old), (new as u64, other), &proof));
            }
            let longer = [proof.clone(), vec![other]].concat();
            assert!(!is_consistent(tree(old), tree(new), &longer));
            if let Some((_, shorter)) = proof.split_last() {
                assert!(!is_consistent(tree(old), tree(new), shorter));
            }
            if old < new {
                assert!(!is_consistent(tree(new), tree(old), &proof));
            }
        }
    }
}

#[test]
fn any_run_of_leaves_leads_to_the_root_by_what_lies_left_and_right() {
    let leaves = many(33);
    let hashes = |from, to| {
        let single = |node: &Node| {
            let from = node.index << node.level;
            let to = from + (1 << node.level);
            Span { from, to }
        };
        let spans: Vec<Span> = Span { from, to }.nodes().iter().map(single).collect();
        proof(&leaves, &spans)
    };
    for size in 1..=33_u64 {
        let root = root_of(&leaves[..usize::try_from(size).unwrap()]);
        for from in 0..=size {
            for to in from..=size {
                let mut tree = Frontier::of(from, hashes(0, from)).unwrap();
                for leaf in &leaves[usize::try_from(from).unwrap()..usize::try_from(to).unwrap()] {
                    tree.push(*leaf);
                }
                let right = hashes(to, size);
                assert_eq!(
                    tree.clone().root_at(size, &right),
                    Some(root),
                    "{from} {to} {size}"
                );
                assert_eq!(tree.root_at(size, &[right, vec![root]].concat()), None);
            }
        }
    }
}

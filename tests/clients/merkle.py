"""Holds roots and proofs against pymerkle: JSON on standard input, with the leaves as hex; fails where they differ."""

import json
import sys

from pymerkle import InmemoryTree, verify_consistency, verify_inclusion
from pymerkle.proof import MerkleProof

given = json.load(sys.stdin)
tree = InmemoryTree(algorithm="sha256")
for leaf in given["leaves"]:
    tree.append_entry(bytes.fromhex(leaf))

for size, root in given["roots"]:
    assert tree.get_state(size).hex() == root, f"the root of {size} leaves"

for index, size, root, path in given["inclusions"]:
    own = tree.prove_inclusion(index + 1, size)
    assert [digest.hex() for digest in own.path[1:]] == path, f"the path of leaf {index} of {size}"
    # Their verification, of our path and root.
    proof = own.serialize()
    proof["path"] = [tree.get_leaf(index + 1).hex(), *path]
    verify_inclusion(tree.get_leaf(index + 1), bytes.fromhex(root), MerkleProof.deserialize(proof), index=index + 1, size=size)

# Theirs has the RFC's hashes and some below, so it is held against our roots.
for old, old_root, new, new_root in given["consistencies"]:
    proof = tree.prove_consistency(old, new)
    verify_consistency(bytes.fromhex(old_root), bytes.fromhex(new_root), proof, prior_size=old, later_size=new)

print(len(given["roots"]), "roots,", len(given["inclusions"]), "inclusions,", len(given["consistencies"]), "consistencies")

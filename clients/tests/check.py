"""Reads a check from each line and prints the verdict of the Python verifier.

    inclusion HASH ARITY HEAD PROOF            prints INDEX LEAF, or `refused`
    leaves HASH ARITY HEAD PROOF               prints that of each leaf, or `refused`
    consistency HASH ARITY OLD NEW PROOF       prints `grew`, or `refused`
    catch-up HASH ARITY OLD NEW PROOF          prints INDEX LEAF of each new leaf, or `refused`
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "python"))

from rotortree_verify import HASHES, Refused, parse_head, unhex  # noqa: E402
from rotortree_verify import verify_catch_up, verify_consistency  # noqa: E402
from rotortree_verify import verify_inclusion, verify_leaves  # noqa: E402

VERIFIERS = {
    "inclusion": lambda *claim: [verify_inclusion(*claim)],
    "leaves": verify_leaves,
    "consistency": verify_consistency,
    "catch-up": verify_catch_up,
}


def verdict(kind: str, name: str, arity: str, *heads: str) -> str:
    *heads, proof = heads
    heads = [parse_head(head) for head in heads]
    proved = VERIFIERS[kind](unhex(proof), int(arity), HASHES[name], *heads)
    if proved is None:
        return "grew"
    return " ".join(f"{index} {leaf.hex()}" for index, leaf in proved)


for line in sys.stdin:
    try:
        print(verdict(*line.split()))
    except Refused:
        print("refused")

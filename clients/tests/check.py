"""Reads a check from each line and prints the verdict of the Python verifier.

    inclusion HASH ARITY HEAD PROOF            prints INDEX LEAF, or `refused`
    consistency HASH ARITY OLD NEW PROOF       prints `grew`, or `refused`
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "python"))

from rotortree_verify import HASHES, Refused, parse_head, unhex  # noqa: E402
from rotortree_verify import verify_consistency, verify_inclusion  # noqa: E402


def verdict(kind: str, name: str, arity: str, *heads: str) -> str:
    *heads, proof = heads
    heads = [parse_head(head) for head in heads]
    if kind == "inclusion":
        index, leaf = verify_inclusion(unhex(proof), int(arity), HASHES[name], *heads)
        return f"{index} {leaf.hex()}"
    verify_consistency(unhex(proof), int(arity), HASHES[name], *heads)
    return "grew"


for line in sys.stdin:
    try:
        print(verdict(*line.split()))
    except Refused:
        print("refused")

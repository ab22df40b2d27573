"""Verifies proofs of rotortree trees with Python's standard library alone.

A verifier trusts a head, size and root, and nothing else. Arity and hash function belong to the
head. Everything in a proof is checked.
"""

import hashlib
from typing import Callable, NamedTuple

INCLUSION, CONSISTENCY, VERSION = 3, 4, 1

Parent = Callable[[list[bytes]], bytes]


class Refused(Exception):
    """The proof does not hold, or is none."""


class Head(NamedTuple):
    """What a client trusts. The root of the empty tree is 32 zero bytes."""

    size: int
    root: bytes

    def __str__(self) -> str:
        return f"{self.size}:0x{self.root.hex()}"


def sha256(children: list[bytes]) -> bytes:
    return hashlib.sha256(b"".join(children)).digest()


def rfc6962(children: list[bytes]) -> bytes:
    return hashlib.sha256(b"\x01" + b"".join(children)).digest()


def rfc6962_leaf(entry: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + entry).digest()


# Hash functions of nodes. Add one of your own: it takes the children of a node, in their order.
HASHES: dict[str, Parent] = {"sha256": sha256, "rfc6962": rfc6962}


def unhex(text: str) -> bytes:
    try:
        return bytes.fromhex(text.removeprefix("0x"))
    except ValueError as error:
        raise Refused("not hex digits") from error


def parse_head(text: str) -> Head:
    size, _, root = text.partition(":")
    if not (size.isascii() and size.isdigit()) or len(unhex(root)) != 32:
        raise Refused("a head is SIZE:ROOT")
    return Head(int(size), unhex(root))


def verify_inclusion(proof: bytes, arity: int, parent: Parent, head: Head) -> tuple[int, bytes]:
    """The index and the leaf that are proved. The caller compares them with those it asked for."""
    reader = _Reader(proof, INCLUSION, arity)
    size, index = reader.number(), reader.number()
    if size != head.size or index >= size:
        raise Refused("the proof is of another tree")
    (leaf,) = reader.hashes(1)
    node, place, width = leaf, index, size
    while width > 1:
        position = place % arity
        siblings = reader.hashes(min(arity, width - (place - position)) - 1)
        node = _parent(parent, siblings[:position] + [node] + siblings[position:])
        place, width = place // arity, -(-width // arity)
    reader.finish()
    if node != head.root:
        raise Refused("the proof leads to another root")
    return index, leaf


def verify_consistency(proof: bytes, arity: int, parent: Parent, old: Head, new: Head) -> None:
    """Returns if the tree of `new` begins with the leaves of `old`, and raises otherwise."""
    reader = _Reader(proof, CONSISTENCY, arity)
    sizes = reader.number(), reader.number()
    if sizes != (old.size, new.size) or old.size > new.size:
        raise Refused("the proof is of other trees")
    # From the empty tree every tree grows, and a tree of the same size is the same.
    before, after = bytes(32), new.root
    if old.size == new.size:
        before = new.root
    elif old.size > 0:
        before, after = _roots(reader, arity, parent, old.size, new.size)
    reader.finish()
    if (before, after) != (old.root, new.root) or (old.size == 0 and old.root != bytes(32)):
        raise Refused("the proof leads to other roots")


def _roots(reader, arity: int, parent: Parent, old: int, new: int) -> tuple[bytes, bytes]:
    # `place` counts the old tree's complete nodes of a level. The node behind them has old leaves
    # and new ones from the lowest level on where old nodes fill no group: it is `before` over the
    # old leaves alone, and `after` over both.
    place, before, after = old, None, None
    while place % arity == 0:
        place, old, new = place // arity, -(-old // arity), -(-new // arity)
    while new > 1:
        position = place % arity
        left = reader.hashes(position)
        straddler = [] if after is None else [after]
        group = min(arity, new - (place - position))
        right = reader.hashes(group - position - len(straddler))
        if old > 1 or before is None:
            before = _parent(parent, left if before is None else left + [before])
        after = _parent(parent, left + straddler + right)
        place, old, new = place // arity, -(-old // arity), -(-new // arity)
    return before, after


def _parent(parent: Parent, children: list[bytes]) -> bytes:
    # A node without siblings is lifted as it is.
    return children[0] if len(children) == 1 else parent(children)


class _Reader:
    def __init__(self, proof: bytes, kind: int, arity: int):
        self.rest = proof
        if arity < 2 or self.take(2) != bytes([kind, VERSION]) or self.number() != arity:
            raise Refused("not such a proof")

    def take(self, count: int) -> bytes:
        if len(self.rest) < count:
            raise Refused("the proof is cut short")
        taken, self.rest = self.rest[:count], self.rest[count:]
        return taken

    def number(self) -> int:
        number = 0
        for shift in range(0, 64, 7):
            byte = self.take(1)[0]
            number |= (byte & 0x7F) << shift
            if byte < 0x80:
                if number >> 64 or (byte == 0 and shift > 0):
                    break
                return number
        raise Refused("a number is not in its shortest form")

    def hashes(self, count: int) -> list[bytes]:
        return [self.take(32) for _ in range(count)]

    def finish(self) -> None:
        if self.rest:
            raise Refused("bytes stand behind the proof")

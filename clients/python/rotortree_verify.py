"""Verifies proofs of rotortree trees with Python's standard library alone.

A verifier trusts a head, size and root, and nothing else. Arity and hash function belong to the
head. Everything in a proof is checked.
"""

import hashlib
from typing import Callable, NamedTuple, Sequence

INCLUSION, CONSISTENCY, MULTIPROOF, RANGE, CATCH_UP = 3, 4, 5, 6, 7
VERSION = 1

Parent = Callable[[list[bytes]], bytes]
Proved = tuple[int, bytes]


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


def verify_inclusion(proof: bytes, arity: int, parent: Parent, head: Head) -> Proved:
    """The index and the leaf that are proved. The caller compares them with those it asked for."""
    reader = _Reader(proof, [INCLUSION], arity)
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
    reader = _Reader(proof, [CONSISTENCY], arity)
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


def verify_leaves(proof: bytes, arity: int, parent: Parent, head: Head) -> list[Proved]:
    """The indices and leaves that a multiproof or a range proof proves, from the left. The caller
    compares the indices with those it asked for."""
    reader = _Reader(proof, [MULTIPROOF, RANGE], arity)
    size = reader.number()
    indices = reader.indices() if reader.kind == MULTIPROOF else reader.run()
    if size != head.size or indices[-1] >= size:
        raise Refused("the proof is of another tree")
    proved = list(zip(indices, reader.last_hashes(len(indices))))
    root = _rebuild(proved, size, arity, parent, lambda: reader.hashes(1)[0])
    reader.finish()
    if root != head.root:
        raise Refused("the proof leads to another root")
    return proved


def verify_catch_up(
    proof: bytes, arity: int, parent: Parent, old: Head, new: Head
) -> list[Proved]:
    """The leaves, with their indices, that turn the tree of `old` into that of `new`."""
    reader = _Reader(proof, [CATCH_UP], arity)
    size, count = reader.number(), reader.number()
    if (size, size + count) != (old.size, new.size) or (size == 0 and old.root != bytes(32)):
        raise Refused("the proof is of other trees")
    proved = list(zip(range(size, size + count), reader.last_hashes(count)))
    before, after, frontier = old.root, old.root, []
    if proved:

        def given() -> bytes:
            # The nodes that lead to the new root are the frontier of the old tree, from the left.
            frontier.extend(reader.hashes(1))
            return frontier[-1]

        after = _rebuild(proved, new.size, arity, parent, given)
        before = _fold(frontier, size, arity, parent) if size else old.root
    reader.finish()
    if (before, after) != (old.root, new.root):
        raise Refused("the proof leads to other roots")
    return proved


def _rebuild(proved: list[Proved], size: int, arity: int, parent: Parent, given) -> bytes:
    # From the root down and from the left, every node with a proved leaf below it is entered, and
    # every other child of a node that was entered is given.
    span = 1
    while span < size:
        span *= arity
    rest = proved[::-1]

    def enter(start: int, span: int) -> bytes:
        if not rest or rest[-1][0] >= start + span:
            return given()
        if span == 1:
            return rest.pop()[1]
        below = span // arity
        starts = range(start, min(start + span, size), below)
        return _parent(parent, [enter(child, below) for child in starts])

    return enter(0, span)


def _fold(frontier: list[bytes], size: int, arity: int, parent: Parent) -> bytes:
    # The largest complete subtrees from the left: on each level a digit of the size.
    rest, root, width = list(frontier), None, size
    while width > 1 or root is None:
        digit = size % arity
        children = rest[len(rest) - digit :] + ([] if root is None else [root])
        del rest[len(rest) - digit :]
        root = _parent(parent, children) if children else None
        size, width = size // arity, -(-width // arity)
    return root


def _parent(parent: Parent, children: list[bytes]) -> bytes:
    # A node without siblings is lifted as it is.
    return children[0] if len(children) == 1 else parent(children)


class _Reader:
    def __init__(self, proof: bytes, kinds: Sequence[int], arity: int):
        self.rest = memoryview(proof)
        self.kind, version = self.take(2)
        if arity < 2 or self.kind not in kinds or version != VERSION or self.number() != arity:
            raise Refused("not such a proof")

    def take(self, count: int) -> bytes:
        if len(self.rest) < count:
            raise Refused("the proof is cut short")
        taken, self.rest = self.rest[:count], self.rest[count:]
        return bytes(taken)

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

    def count(self) -> int:
        count = self.number()
        if not 0 < 32 * count <= len(self.rest):
            raise Refused("the proof has no such leaves")
        return count

    def indices(self) -> list[int]:
        count, indices = self.count(), [self.number()]
        while len(indices) < count:
            indices.append(indices[-1] + self.number() + 1)
        return indices

    def run(self) -> range:
        first = self.number()
        return range(first, first + self.count())

    def hashes(self, count: int) -> list[bytes]:
        return [self.take(32) for _ in range(count)]

    def last_hashes(self, count: int) -> list[bytes]:
        if len(self.rest) < 32 * count:
            raise Refused("the proof is cut short")
        front, self.rest = self.rest[: -32 * count or None], self.rest[-32 * count :]
        hashes, self.rest = self.hashes(count), front
        return hashes

    def finish(self) -> None:
        if self.rest:
            raise Refused("bytes stand behind the proof")

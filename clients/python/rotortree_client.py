"""A client of `rotortree serve` with Python's standard library alone.

    rotortree_client.py URL head
    rotortree_client.py URL append LEAF...                  wants ROTORTREE_TOKEN
    rotortree_client.py URL prove HASH ARITY HEAD INDEX     prints the leaf, once it is verified;
                                                            of several, one proof proves all
    rotortree_client.py URL follow HASH ARITY HEAD          prints heads, each once it is verified

HASH, ARITY and the first HEAD come from a source that you trust, not from the server.
"""

import http.client
import json
import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

from rotortree_verify import HASHES, Head, Parent, Refused, parse_head, unhex
from rotortree_verify import verify_consistency, verify_inclusion, verify_leaves


class Conflict(Exception):
    """The tree has other leaves where these were expected to go; `head` is the tree's."""


class Client:
    def __init__(self, url: str, token: str = "", timeout: float = 30, tries: int = 8):
        self.url = url.rstrip("/")
        self.token, self.timeout, self.tries = token, timeout, tries

    def head(self) -> Head:
        """What the server says. Trust it once a consistency proof from your own head holds."""
        return _head(self._json("/v1/head"))

    def append(self, leaves: list[bytes], expected_size: int) -> dict:
        """Appends durably. The same leaves at the same size again are the same append, so that a
        lost answer is asked for again and nothing is appended twice."""
        body = {"leaves": ["0x" + leaf.hex() for leaf in leaves], "expected_size": expected_size}
        return self._json("/v1/leaves", body)

    def inclusion(self, index: int, head: Head, arity: int, parent: Parent) -> bytes:
        """The leaf at an index of the tree of a head that you trust."""
        document = self._json(f"/v1/proofs/{index}?size={head.size}")
        found, leaf = verify_inclusion(unhex(document["proof"]), arity, parent, head)
        if found != index:
            raise Refused(f"a proof of leaf {found}")
        return leaf

    def leaves(self, indices: list[int], head: Head, arity: int, parent: Parent) -> list[bytes]:
        """The leaves at increasing indices, by one proof of all of them."""
        body = {"indices": indices, "one": True, "size": head.size}
        proof = unhex(self._json("/v1/proofs", body)["proof"])
        proved = verify_leaves(proof, arity, parent, head)
        if [index for index, _ in proved] != indices:
            raise Refused("a proof of other leaves")
        return [leaf for _, leaf in proved]

    def consistency(self, old: Head, new: Head, arity: int, parent: Parent) -> None:
        """Returns if the tree only grew, and raises otherwise."""
        document = self._json(f"/v1/consistency/{old.size}/{new.size}")
        verify_consistency(unhex(document["proof"]), arity, parent, old, new)

    def heads(self, after: int) -> Iterator[Head]:
        """Durable heads, from behind a size on, without end: a broken stream is resumed."""
        while True:
            try:
                headers = {"Last-Event-ID": str(after)}
                with self._open("/v1/heads", headers=headers) as stream:
                    for line in stream:
                        if line.startswith(b"data:"):
                            head = _head(json.loads(line[5:]))
                            after = head.size
                            yield head
            except urllib.error.HTTPError as error:
                if error.code < 500:
                    raise Refused(f"{error.code}: {error.read().decode()}") from error
            except (OSError, http.client.HTTPException):
                pass
            time.sleep(1)

    def follow(self, head: Head, arity: int, parent: Parent) -> Iterator[Head]:
        """Heads that continue the head that you trust, each verified."""
        for newer in self.heads(head.size):
            self.consistency(head, newer, arity, parent)
            head = newer
            yield head

    def _open(self, path: str, body: bytes | None = None, headers: dict | None = None):
        request = urllib.request.Request(self.url + path, body, headers or {})
        if body is not None:
            request.add_header("Content-Type", "application/json")
            request.add_header("Authorization", f"Bearer {self.token}")
        return urllib.request.urlopen(request, timeout=self.timeout)

    def _json(self, path: str, body: dict | None = None) -> dict:
        data = None if body is None else json.dumps(body).encode()
        for attempt in range(self.tries):
            pause = 0.1 * 2**attempt
            try:
                with self._open(path, data) as answer:
                    return json.load(answer)
            except urllib.error.HTTPError as error:
                if error.code == 409:
                    raise Conflict(error.read().decode()) from error
                if error.code < 500 and error.code != 429:
                    raise Refused(f"{error.code}: {error.read().decode()}") from error
                pause = _pause(error.headers.get("Retry-After", ""), pause)
                last = error
            except (OSError, ValueError, http.client.HTTPException) as error:
                # No answer, or half of one. What the server did is unknown; asking again is safe.
                last = error
            time.sleep(pause)
        raise last


def _pause(named: str, own: float) -> float:
    """The seconds that an answer names, a minute at most; a proxy may name a date instead."""
    return min(float(named), 60) if named.isascii() and named.isdigit() else own


def _head(document: dict) -> Head:
    return Head(int(document["size"]), unhex(document["root"]))


def main(url: str, command: str, *rest: str) -> None:
    client = Client(url, os.environ.get("ROTORTREE_TOKEN", ""))
    if command == "head":
        print(client.head())
    elif command == "append":
        leaves = [unhex(leaf) for leaf in rest]
        print(json.dumps(client.append(leaves, client.head().size)))
    else:
        parent, arity, head = HASHES[rest[0]], int(rest[1]), parse_head(rest[2])
        if command == "prove":
            first, *others = [int(index) for index in rest[3:]]
            leaves = (
                client.leaves(sorted({first, *others}), head, arity, parent)
                if others
                else [client.inclusion(first, head, arity, parent)]
            )
            print(*("0x" + leaf.hex() for leaf in leaves), sep="\n")
        elif command == "follow":
            for newer in client.follow(head, arity, parent):
                print(newer, flush=True)
        else:
            sys.exit(__doc__)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (Refused, Conflict) as error:
        sys.exit(f"refused: {error}")
    except (TypeError, KeyError, IndexError):
        sys.exit(__doc__)

// A head is the size and the root of a tree, written as `SIZE:ROOT`.

import { equalBytes, hashFromHex, hexFromBytes, HASH_BYTES } from "./hex.js";
import { u64 } from "./number.js";
import { Refusal } from "./refusal.js";

const EMPTY_ROOT = new Uint8Array(HASH_BYTES);

export class Head {
  constructor(size, root) {
    this.size = size;
    this.root = root;
    // The empty tree has one root, so that a head of size 0 is no licence for any root.
    if (size === 0n && !equalBytes(root, EMPTY_ROOT)) {
      throw new Refusal("the root of a tree without leaves is 32 zero bytes");
    }
  }

  static parse(text) {
    const parts = text.trim().split(":");
    if (parts.length !== 2) {
      throw new Refusal("a head is a size, a colon and a root, like 300:0xab…");
    }
    return Head.of({ size: parts[0], root: parts[1] });
  }

  /** The head in an answer of the server. */
  static of({ size, root }) {
    return new Head(u64(size, "the size of the head"), hashFromHex(root, "the root of the head"));
  }

  toString() {
    return `${this.size}:${hexFromBytes(this.root)}`;
  }

  equals(other) {
    return this.size === other.size && equalBytes(this.root, other.root);
  }

  /** Refuses a root that the hash function never gives. */
  check(hasher) {
    if (this.size > 0n && !hasher.accepts(this.root)) {
      throw new Refusal("the root of the head is no value of the hash function");
    }
  }

  expectSize(size) {
    if (size !== this.size) {
      throw new Refusal(`the proof is for a tree of ${size} leaves, the head for ${this.size}`);
    }
  }

  expectRoot(root) {
    if (!equalBytes(root, this.root)) {
      throw new Refusal(`the proof leads to another root than the head of ${this.size} leaves has`);
    }
  }
}

// Verifies proofs of rotortree trees. SHA-256 is Node's; for a browser or another hash function,
// hand over any function from the children of a node to the node.
//
// A verifier trusts a head, size and root, and nothing else. Arity and hash function belong to the
// head. Everything in a proof is checked. Sizes and indices are BigInt, since they have 64 bits.

import { createHash } from 'node:crypto';

const INCLUSION = 3;
const CONSISTENCY = 4;
const VERSION = 1;

/** The proof does not hold, or is none. */
export class Refused extends Error {}

const digest = (...parts) => {
  const hash = createHash('sha256');
  parts.forEach((part) => hash.update(part));
  return new Uint8Array(hash.digest());
};

/** Hash functions of nodes: from the children of a node, in their order, to the node. */
export const HASHES = {
  sha256: (children) => digest(...children),
  rfc6962: (children) => digest(Uint8Array.of(1), ...children),
};

export const rfc6962Leaf = (entry) => digest(Uint8Array.of(0), entry);

export const hex = (bytes) => `0x${Buffer.from(bytes).toString('hex')}`;

export function unhex(text) {
  const digits = text.startsWith('0x') ? text.slice(2) : text;
  if (digits.length % 2 || !/^[0-9a-fA-F]*$/.test(digits)) throw new Refused('not hex digits');
  return new Uint8Array(Buffer.from(digits, 'hex'));
}

/** A head from `SIZE:ROOT`. The root of the empty tree is 32 zero bytes. */
export function parseHead(text) {
  const match = /^([0-9]+):(?:0x)?([0-9a-fA-F]{64})$/.exec(text);
  if (!match) throw new Refused('a head is SIZE:ROOT');
  return { size: BigInt(match[1]), root: unhex(match[2]) };
}

export const sameBytes = (a, b) => a.length === b.length && a.every((byte, i) => byte === b[i]);

/** The index and the leaf that are proved. The caller compares them with those it asked for. */
export function verifyInclusion(proof, arity, parent, head) {
  const reader = new Reader(proof, INCLUSION, arity);
  const [size, index] = [reader.number(), reader.number()];
  if (size !== head.size || index >= size) throw new Refused('the proof is of another tree');
  const [leaf] = reader.hashes(1n);
  let node = leaf;
  walk(arity, index, [size], (position, group) => {
    const siblings = reader.hashes(group - 1n);
    siblings.splice(Number(position), 0, node);
    node = parentOf(parent, siblings);
  });
  reader.finish();
  if (!sameBytes(node, head.root)) throw new Refused('the proof leads to another root');
  return { index, leaf };
}

/** Returns if the tree of the head `to` begins with the leaves of `from`, and throws otherwise. */
export function verifyConsistency(proof, arity, parent, from, to) {
  const reader = new Reader(proof, CONSISTENCY, arity);
  const [old, size] = [reader.number(), reader.number()];
  if (old !== from.size || size !== to.size || old > size) {
    throw new Refused('the proof is of other trees');
  }
  // From the empty tree every tree grows, and a tree of the same size is the same.
  let [before, after] = [old === size ? to.root : new Uint8Array(32), to.root];
  if (old > 0n && old < size) [before, after] = roots(reader, arity, parent, old, size);
  reader.finish();
  const possible = old > 0n || sameBytes(from.root, new Uint8Array(32));
  if (!possible || !sameBytes(before, from.root) || !sameBytes(after, to.root)) {
    throw new Refused('the proof leads to other roots');
  }
}

function roots(reader, arity, parent, old, size) {
  // `place` counts the old tree's complete nodes of a level. The node behind them has old leaves
  // and new ones from the lowest level on where old nodes fill no group: it is `before` over the
  // old leaves alone, and `after` over both.
  const n = BigInt(arity);
  let place = old;
  while (place % n === 0n) [place, old, size] = [place / n, up(old, n), up(size, n)];
  let [before, after] = [[], []];
  walk(arity, place, [size, old], (position, group, oldWidth) => {
    const left = reader.hashes(position);
    const right = reader.hashes(group - position - BigInt(after.length));
    if (oldWidth > 1n || before.length === 0) before = [parentOf(parent, [...left, ...before])];
    after = [parentOf(parent, [...left, ...after, ...right])];
  });
  return [before[0], after[0]];
}

/** Visits the group around `place` on each level of a tree, from the lowest up. */
function walk(arity, place, [width, ...others], visit) {
  const n = BigInt(arity);
  while (width > 1n) {
    const position = place % n;
    const room = width - (place - position);
    visit(position, room < n ? room : n, ...others);
    [place, width, ...others] = [place / n, up(width, n), ...others.map((other) => up(other, n))];
  }
}

const up = (nodes, n) => (nodes + n - 1n) / n;

/** A node without siblings is lifted as it is. */
const parentOf = (parent, children) => (children.length === 1 ? children[0] : parent(children));

class Reader {
  constructor(proof, kind, arity) {
    this.rest = proof;
    const [found, version] = this.take(2);
    const isKnown = arity >= 2 && found === kind && version === VERSION;
    if (!isKnown || this.number() !== BigInt(arity)) {
      throw new Refused('not such a proof');
    }
  }

  take(count) {
    if (this.rest.length < count) throw new Refused('the proof is cut short');
    const taken = this.rest.subarray(0, count);
    this.rest = this.rest.subarray(count);
    return taken;
  }

  number() {
    let number = 0n;
    for (let shift = 0n; shift < 64n; shift += 7n) {
      const [byte] = this.take(1);
      number |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) {
        if (number >> 64n || (byte === 0 && shift > 0n)) break;
        return number;
      }
    }
    throw new Refused('a number is not in its shortest form');
  }

  hashes(count) {
    return Array.from({ length: Number(count) }, () => this.take(32));
  }

  finish() {
    if (this.rest.length) throw new Refused('bytes stand behind the proof');
  }
}

// Verifies proofs of rotortree trees, in Node 20 and in browsers, without packages. The page of
// `rotortree serve` runs this file as it is.
//
// A verifier trusts a head, size and root, and nothing else. N and the hash function belong to the
// head. Everything in a proof is checked: docs/format/proofs.md has its bytes, and its shape
// follows from sizes and indices. These are BigInts, since they have 64 bits.

const HASH_BYTES = 32;
const LIMIT = 1n << 64n;
const VERSION = 1;
const KINDS = [
  ,
  "head",
  "frontier",
  "inclusion proof",
  "consistency proof",
  "multiproof",
  "range proof",
  "catch-up proof",
];

/** Why a proof, a head or a text is refused, as a sentence for a reader. */
export class Refused extends Error {
  name = "Refused";
}

// Hash functions of nodes. One is `{ hash, maxArity, accepts }`: `hash` takes an array of children
// and returns the node, or a promise of it. The others may be missing: groups have at most
// `maxArity` children, and `accepts` says whether 32 bytes from outside are an input, as not all
// are where inputs are numbers of a field.

/** The functions over a SHA-256 of bytes. */
export const overSha256 = (digest) => ({
  sha256: { hash: (children) => digest(concatenated(children)) },
  rfc6962: {
    hash: (children) => digest(concatenated([Uint8Array.of(1), ...children])),
    maxArity: 2,
  },
});

/** WebCrypto, which Node has, and browsers in secure contexts: https and loopback addresses. */
const webCrypto = async (bytes) =>
  new Uint8Array(await globalThis.crypto.subtle.digest("SHA-256", bytes));

export const HASHES = overSha256(webCrypto);

export const rfc6962Leaf = (entry) => webCrypto(concatenated([Uint8Array.of(0), entry]));

/** Whether the function hashes groups of up to so many children. */
export const takes = (hasher, arity) => arity >= 2 && arity <= (hasher.maxArity ?? Infinity);

/** The node over one to N children: their hash, or the only one lifted. */
const parent = (hasher, children) => (children.length === 1 ? children[0] : hasher.hash(children));

/** A head: what a client keeps and trusts. It is written as `SIZE:ROOT`. */
export class Head {
  constructor(size, root) {
    this.size = size;
    this.root = root;
    // The empty tree has one root, so that a head of size 0 is no licence for any root.
    if (size === 0n && !equalBytes(root, new Uint8Array(HASH_BYTES))) {
      throw new Refused("the root of a tree without leaves is 32 zero bytes");
    }
  }

  static parse(text) {
    const parts = text.trim().split(":");
    if (parts.length !== 2) {
      throw new Refused("a head is a size, a colon and a root, like 300:0xab…");
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
    if (this.size > 0n && hasher.accepts?.(this.root) === false) {
      throw new Refused("the root of the head is no value of the hash function");
    }
  }

  expectSize(size) {
    if (size !== this.size) {
      throw new Refused(`the proof is for a tree of ${size} leaves, the head for ${this.size}`);
    }
  }

  expectRoot(root) {
    if (!equalBytes(root, this.root)) {
      throw new Refused(`the proof leads to another root than the head of ${this.size} leaves has`);
    }
  }
}

/**
 * Verifies that a leaf stands at an index of the tree with this head. `wanted` has the `index` or
 * the `leaf` that was asked for, or both; without it the caller compares what is proved.
 *
 * Returns `index`, `leaf`, and for drawing the `steps` from the leaf to the root: each group with
 * its `children` and their `parent`.
 */
export async function verifyInclusion(proof, arity, hasher, head, wanted = {}) {
  const { reader, size } = open(proof, ["inclusion proof"], arity, hasher, head);
  const index = reader.number();
  expectLeaf(index, size);
  if (wanted.index !== undefined && wanted.index !== index) {
    throw new Refused(`the proof is for leaf ${index}, not for leaf ${wanted.index}`);
  }
  const [leaf] = reader.hashes(1);
  if (wanted.leaf !== undefined && !equalBytes(wanted.leaf, leaf)) {
    throw new Refused("the proof is for another leaf");
  }
  const steps = [];
  let node = leaf;
  for (const group of groups(index, size, arity)) {
    const children = reader.hashes(group.length - 1).toSpliced(group.position, 0, node);
    node = await parent(hasher, children);
    steps.push({ ...group, children, parent: node });
  }
  reader.finish();
  head.expectRoot(node);
  return { index, leaf, steps };
}

/**
 * Verifies a multiproof or a range proof: several leaves stand at their indices. `wanted` has the
 * indices that were asked for, from the left.
 *
 * Returns all `leaves` that are proved, as `{ index, leaf }` from the left, and for drawing the
 * `steps`: each group that has a proved leaf below it, with its `children`, and in `above` the index
 * of their parent.
 */
export async function verifyLeaves(proof, arity, hasher, head, wanted) {
  const kinds = ["multiproof", "range proof"];
  const { reader, size } = open(proof, kinds, arity, hasher, head);
  const indices = reader.kind === "multiproof" ? reader.indices() : reader.run();
  expectLeaf(indices.at(-1), size);
  if (wanted !== undefined && String(wanted) !== String(indices)) {
    throw new Refused("the proof is for other leaves than those that were asked for");
  }
  const hashes = reader.lastHashes(indices.length);
  const leaves = indices.map((index, at) => ({ index, leaf: hashes[at] }));
  const given = () => reader.hashes(1)[0];
  const { root, steps } = await rebuild(leaves, size, arity, hasher, given);
  reader.finish();
  head.expectRoot(root);
  return { leaves, steps };
}

/**
 * Verifies that the tree with the head `old` grew into the tree with the head `head`. Both come
 * from sources that the caller trusts, or the proof carries the trust in `old` over to `head`.
 *
 * Returns the steps along the boundary between old and new leaves, for drawing: each group with the
 * hashes `left` and `right`, and `grown`, the node between them that has both old and new leaves.
 */
export async function verifyConsistency(proof, arity, hasher, old, head) {
  const reader = new Reader(proof, ["consistency proof"], arity, hasher);
  const [oldSize, size] = [reader.number(), reader.number()];
  expectGrowth(hasher, old, oldSize, head, size);
  const steps = [];
  const oldDepth = depth(oldSize, arity);
  let [before, after] = [];
  for (const group of boundary(oldSize, size, arity)) {
    const grown = group.isStraddled ? [after] : [];
    const left = reader.hashes(group.position);
    const right = reader.hashes(group.length - group.position - grown.length);
    steps.push({ ...group, left, right, grown: after });
    // At or above the old root there is no old parent. An old root that is a complete node is the
    // one left node of the lowest level, and lifting carries it up.
    if (group.level < oldDepth || !group.isStraddled) {
      before = await parent(hasher, group.isStraddled ? [...left, before] : left);
    }
    after = await parent(hasher, [...left, ...grown, ...right]);
  }
  reader.finish();
  if (steps.length > 0) {
    old.expectRoot(before);
    head.expectRoot(after);
  }
  return steps;
}

/**
 * Verifies a catch-up proof: these leaves behind the tree with the head `old` give the tree with
 * the head `head`. Returns the new `leaves` as `{ index, leaf }`.
 */
export async function verifyCatchUp(proof, arity, hasher, old, head) {
  const reader = new Reader(proof, ["catch-up proof"], arity, hasher);
  const [oldSize, count] = [reader.number(), reader.number()];
  expectGrowth(hasher, old, oldSize, head, oldSize + count);
  const hashes = reader.lastHashes(count);
  const leaves = hashes.map((leaf, at) => ({ index: oldSize + BigInt(at), leaf }));
  if (leaves.length > 0) {
    // The nodes that lead to the new root are the frontier of the old tree, from the left.
    const frontier = [];
    const given = () => frontier[frontier.push(...reader.hashes(1)) - 1];
    const { root } = await rebuild(leaves, head.size, arity, hasher, given);
    if (oldSize > 0n) {
      old.expectRoot(await rootOfFrontier(frontier, oldSize, arity, hasher));
    }
    head.expectRoot(root);
  }
  reader.finish();
  return { leaves };
}

/** A reader behind the size of the tree, which is that of the head. */
function open(proof, kinds, arity, hasher, head) {
  const reader = new Reader(proof, kinds, arity, hasher);
  const size = reader.number();
  head.check(hasher);
  head.expectSize(size);
  return { reader, size };
}

function expectLeaf(index, size) {
  if (index >= size) {
    throw new Refused(`a tree of ${size} leaves has no leaf ${index}`);
  }
}

function expectGrowth(hasher, old, oldSize, head, size) {
  old.check(hasher);
  head.check(hasher);
  old.expectSize(oldSize);
  head.expectSize(size);
  if (size < oldSize) {
    throw new Refused(`a tree does not shrink from ${oldSize} to ${size} leaves`);
  }
  if (oldSize === size) {
    head.expectRoot(old.root);
  }
}

/** The name of the kind of an encoding. */
export function kindOf(proof) {
  const [kind, version] = proof;
  if (!KINDS[kind]) {
    throw new Refused("the bytes are not an encoding of a proof");
  }
  if (version !== VERSION) {
    throw new Refused(`the encoding has version ${version}; version ${VERSION} is read here`);
  }
  return KINDS[kind];
}

/** Reads the canonical encoding of a proof from front to back. */
class Reader {
  #rest;
  #hasher;

  constructor(proof, kinds, arity, hasher) {
    this.kind = kindOf(proof);
    this.#rest = proof.subarray(2);
    this.#hasher = hasher;
    if (!kinds.includes(this.kind)) {
      throw new Refused(`the bytes are no ${kinds.join(" and no ")}, but of the kind ${this.kind}`);
    }
    const found = this.number();
    if (found !== BigInt(arity)) {
      throw new Refused(`the proof is about trees with N = ${found}, not ${arity}`);
    }
    if (!takes(hasher, arity)) {
      throw new Refused(`the hash function does not hash groups of ${arity}`);
    }
  }

  #take(count) {
    if (count > this.#rest.length) {
      throw new Refused("the bytes of the proof end too early");
    }
    const taken = this.#rest.subarray(0, Number(count));
    this.#rest = this.#rest.subarray(Number(count));
    return taken;
  }

  /** A varint of up to 64 bits in its shortest form. */
  number() {
    let number = 0n;
    for (let shift = 0n; shift < 64n; shift += 7n) {
      const [byte] = this.#take(1);
      number |= BigInt(byte & 0x7f) << shift;
      if (number >= LIMIT || (byte === 0 && shift > 0n)) {
        break;
      }
      if (byte < 0x80) {
        return number;
      }
    }
    throw new Refused("a number of the proof is not in its shortest form or too large");
  }

  /** A number of leaves that the bytes have room for, and that is not 0. */
  #count() {
    const count = this.number();
    if (count === 0n || count * BigInt(HASH_BYTES) > this.#rest.length) {
      throw new Refused(`the proof has no ${count} leaves`);
    }
    return count;
  }

  /** Increasing indices, as gaps. */
  indices() {
    const count = this.#count();
    const indices = [this.number()];
    while (indices.length < count) {
      indices.push(indices.at(-1) + this.number() + 1n);
    }
    return indices;
  }

  /** The indices of a run. */
  run() {
    const first = this.number();
    return Array.from({ length: Number(this.#count()) }, (_, at) => first + BigInt(at));
  }

  /** Hashes, each an input of the hash function. */
  hashes(count) {
    const bytes = this.#take(count * HASH_BYTES);
    return Array.from({ length: count }, (_, at) => {
      const hash = bytes.slice(at * HASH_BYTES, (at + 1) * HASH_BYTES);
      if (this.#hasher.accepts?.(hash) === false) {
        throw new Refused("the proof has a hash that is no input of the hash function");
      }
      return hash;
    });
  }

  /** The hashes at the end, which are leaves. */
  lastHashes(count) {
    const length = Number(count) * HASH_BYTES;
    const front = this.#take(Math.max(0, this.#rest.length - length));
    const leaves = this.hashes(Number(count));
    this.#rest = front;
    return leaves;
  }

  finish() {
    if (this.#rest.length > 0) {
      throw new Refused(`${this.#rest.length} bytes follow the end of the proof`);
    }
  }
}

/**
 * The groups around a node, from the lowest level of a tree of so many nodes up: `start` is the
 * index of the group's first node on its level, `length` its number of nodes, and the node stands
 * at `position`. A group of one node is lifted: the node is its own parent, and nothing is hashed.
 */
export function* groups(index, size, arity) {
  const n = BigInt(arity);
  for (let level = 0; size > 1n; level += 1) {
    const position = index % n;
    const start = index - position;
    const length = size - start < n ? size - start : n;
    yield { level, start, length: Number(length), position: Number(position) };
    [index, size] = [index / n, parents(size, n)];
  }
}

/**
 * The groups around the boundary between old and new leaves, from the lowest level on which both
 * share a group. The node at `position` is the first that the old tree does not have whole;
 * `isStraddled` tells that it has old leaves, too.
 */
export function* boundary(oldSize, size, arity) {
  if (oldSize === 0n || oldSize === size) {
    return;
  }
  const n = BigInt(arity);
  let [complete, lowest] = [oldSize, 0];
  while (complete % n === 0n) {
    [complete, size, lowest] = [complete / n, parents(size, n), lowest + 1];
  }
  for (const group of groups(complete, size, arity)) {
    yield { ...group, level: lowest + group.level, isStraddled: group.level > 0 };
  }
}

/** The number of levels between the leaves and the root of a tree. */
export function depth(size, arity) {
  let levels = 0;
  for (; size > 1n; size = parents(size, BigInt(arity))) {
    levels += 1;
  }
  return levels;
}

const parents = (nodes, n) => (nodes + n - 1n) / n;

/**
 * The root over some leaves. From the root down and from the left, every node with such a leaf
 * below it is entered, and every other child of a node that was entered is `given`. The steps are
 * the groups of children of the nodes that were entered.
 */
async function rebuild(leaves, size, arity, hasher, given) {
  const n = BigInt(arity);
  const steps = [];
  let at = 0;
  const enter = async (level, index) => {
    const span = n ** BigInt(level);
    if (at === leaves.length || leaves[at].index / span !== index) {
      return given();
    }
    if (level === 0) {
      at += 1;
      return leaves[at - 1].leaf;
    }
    const children = [];
    const last = (size - 1n) / (span / n);
    for (let child = index * n; child <= last && child < (index + 1n) * n; child += 1n) {
      children.push(await enter(level - 1, child));
    }
    steps.push({ level: level - 1, start: index * n, children, above: index });
    return parent(hasher, children);
  };
  return { root: await enter(depth(size, arity), 0n), steps };
}

/** The root of a tree from its largest complete subtrees: on each level a digit of its size. */
async function rootOfFrontier(nodes, size, arity, hasher) {
  const n = BigInt(arity);
  const rest = [...nodes];
  let root;
  for (let width = size; width > 1n || root === undefined; width = parents(width, n)) {
    const left = rest.splice(rest.length - Number(size % n));
    const children = root === undefined ? left : [...left, root];
    root = children.length === 0 ? undefined : await parent(hasher, children);
    size /= n;
  }
  return root;
}

export function concatenated(parts) {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

export function equalBytes(one, other) {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

/** The bytes of pairs of hex digits, with or without `0x`. */
export function bytesFromHex(text, what = "the text") {
  const digits = text.replace(/^0x/i, "");
  if (digits.length % 2 !== 0 || /[^0-9a-f]/i.test(digits)) {
    throw new Refused(`${what} is not pairs of hex digits`);
  }
  return Uint8Array.from({ length: digits.length / 2 }, (_, at) =>
    parseInt(digits.slice(2 * at, 2 * at + 2), 16),
  );
}

/** The bytes of a hash: exactly 64 hex digits, with or without `0x`. */
export function hashFromHex(text, what = "the hash") {
  if (!/^(0x)?[0-9a-f]{64}$/i.test(text)) {
    throw new Refused(`${what} is not 64 hex digits`);
  }
  return bytesFromHex(text, what);
}

export function hexFromBytes(bytes) {
  return `0x${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

/** The number that a JSON number, a string or a BigInt has; decimal, without leading zeros. */
export function u64(value, what) {
  const text = String(value);
  if (!/^(0|[1-9][0-9]*)$/.test(text) || text.length > 20 || BigInt(text) >= LIMIT) {
    throw new Refused(`${what} is not a whole number below 2^64`);
  }
  if (typeof value === "number" && !Number.isSafeInteger(value)) {
    throw new Refused(`${what} has lost digits on its way`);
  }
  return BigInt(text);
}

/**
 * JSON in which numbers beyond 2^53 keep their digits: they become strings, which [`u64`] reads.
 * Strings are matched first, so digits inside of one stay as they are.
 */
export function parseJson(text) {
  const kept = (token) => (/^[0-9]{16,}$/.test(token) ? `"${token}"` : token);
  return JSON.parse(text.replace(/"(?:[^"\\]|\\.)*"|[-+.0-9eE]+/g, kept));
}

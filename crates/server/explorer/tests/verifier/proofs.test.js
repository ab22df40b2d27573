// Proofs of the command verify here, for every hash function and N, and wrong ones do not.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { hasherByName } from "../../verifier/functions.js";
import * as verifier from "../../verifier/rotortree-verify.mjs";
import { leaf, SHAPES, sizes, Tree } from "../tree.js";

const { Head, Refused } = verifier;

/** A function of the verifier that takes a tree in place of its N and its hash function. */
function of(verify) {
  return async ({ arity, hash }, bytes, ...claim) =>
    verify(bytes, arity, await hasherByName(hash), ...claim);
}

const inclusion = of(verifier.verifyInclusion);
const leaves = of(verifier.verifyLeaves);
const consistency = of(verifier.verifyConsistency);
const catchUp = of(verifier.verifyCatchUp);

/** Every proof that differs from this one in one bit of a byte is refused; every `step`-th byte. */
async function refusesEveryByte(bytes, step, verify) {
  for (let at = 0; at < bytes.length; at += step) {
    const forged = bytes.slice();
    forged[at] ^= 1 << (at % 8);
    await assert.rejects(async () => verify(forged), Refused, `byte ${at}`);
  }
  for (const other of [bytes.slice(0, -1), Uint8Array.of(...bytes, 0), new Uint8Array()]) {
    await assert.rejects(async () => verify(other), Refused, `${other.length} bytes`);
  }
}

/** Proofs about a tree of every size around the boundaries verify, and wrong ones do not. */
async function exchange(shape, context) {
  const all = sizes(shape.arity);
  const largest = all.at(-1);
  const tree = await Tree.create(shape, largest);
  context.after(() => tree.remove());
  const heads = new Map();
  for (const size of all) {
    const indices = [...new Set([0, size >> 1, size - 1])];
    const { head, proofs } = await tree.proofs(indices, size);
    heads.set(size, head);
    for (const [at, bytes] of proofs.entries()) {
      const wanted = { index: BigInt(indices[at]), leaf: leaf(indices[at]) };
      const { steps } = await inclusion(tree, bytes, head, wanted);
      assert.deepEqual(steps.at(-1)?.parent ?? wanted.leaf, head.root);
      const others = [new Head(head.size, leaf(size)), new Head(head.size + 1n, head.root)];
      for (const other of others) {
        await assert.rejects(inclusion(tree, bytes, other), Refused);
      }
      await assert.rejects(inclusion(tree, bytes, head, { index: wanted.index + 1n }), Refused);
      await assert.rejects(inclusion(tree, bytes, head, { leaf: leaf(size) }), Refused);
    }
  }
  const newest = heads.get(largest);
  for (const [size, head] of heads) {
    const growth = await tree.consistency(size, largest);
    await consistency(tree, growth, head, newest);
    const other = new Head(head.size, leaf(largest));
    await assert.rejects(consistency(tree, growth, other, newest), Refused);
    await assert.rejects(consistency(tree, growth, head, new Head(newest.size, leaf(1))), Refused);
    if (size !== largest) {
      await assert.rejects(consistency(tree, growth, head, head), Refused);
      await assert.rejects(consistency(tree, growth, newest, newest), Refused);
    }
  }

  // Milliseconds for a hash of a wide Poseidon, so that every byte would be many seconds.
  const step = shape.hash.startsWith("poseidon") && shape.arity > 2 ? 13 : 1;
  const { proofs } = await tree.proofs([largest - 1], largest);
  await refusesEveryByte(proofs[0], step, (forged) => inclusion(tree, forged, newest));
  const old = heads.get(shape.arity + 1);
  const growth = await tree.consistency(shape.arity + 1, largest);
  await refusesEveryByte(growth, step, (forged) => consistency(tree, forged, old, newest));

  await several(tree, largest, newest, step);
  await news(tree, heads, newest, step);

  // Every tree grew from the empty one, which has one root.
  const fromEmpty = await tree.consistency(0, largest);
  await consistency(tree, fromEmpty, new Head(0n, new Uint8Array(32)), newest);
  assert.throws(() => new Head(0n, leaf(0)), Refused);
}

/** One proof of several leaves: spread, and side by side. */
async function several(tree, size, head, step) {
  const run = [0, 1, 2, 3].map((at) => Math.floor(size / 2) - 1 + at).filter((at) => at < size);
  for (const indices of [[0, size >> 1, size - 1], run]) {
    const unique = [...new Set(indices)];
    const bytes = await tree.proofOfAll(unique, size);
    const { leaves: proved } = await leaves(tree, bytes, head, unique.map(BigInt));
    const expected = unique.map((index) => ({ index: BigInt(index), leaf: leaf(index) }));
    assert.deepEqual(proved, expected);
    await assert.rejects(leaves(tree, bytes, head, [BigInt(size)]), /other leaves/);
    for (const other of [new Head(head.size, leaf(1)), new Head(head.size - 1n, head.root)]) {
      await assert.rejects(leaves(tree, bytes, other), Refused);
    }
    await refusesEveryByte(bytes, 7 * step, (forged) => leaves(tree, forged, head));
  }
}

/** Growth from some sizes, with the leaves that came. */
async function news(tree, heads, newest, step) {
  const some = [tree.arity + 1, tree.arity ** 2, Number(newest.size)];
  const empty = new Head(0n, new Uint8Array(32));
  for (const old of [empty, ...some.map((size) => heads.get(size))]) {
    const bytes = await tree.catchUp(Number(old.size), Number(newest.size));
    const { leaves: proved } = await catchUp(tree, bytes, old, newest);
    const indices = Array.from({ length: Number(newest.size - old.size) }, (_, at) => at);
    const expected = indices.map((at) => ({
      index: old.size + BigInt(at),
      leaf: leaf(Number(old.size) + at),
    }));
    assert.deepEqual(proved, expected);
    await assert.rejects(catchUp(tree, bytes, old, new Head(newest.size, leaf(1))), Refused);
    if (old.size > 0n) {
      const other = new Head(old.size, leaf(Number(newest.size)));
      await assert.rejects(catchUp(tree, bytes, other, newest), Refused);
    }
    if (newest.size - old.size < 4n) {
      await refusesEveryByte(bytes, 7 * step, (forged) => catchUp(tree, forged, old, newest));
    }
  }
}

describe("proofs of the command", { concurrency: 4 }, () => {
  for (const shape of SHAPES) {
    test(`${shape.hash}, N = ${shape.arity}`, (context) => exchange(shape, context));
  }
});

test("an inner node is no leaf of a smaller tree with the same root", async (context) => {
  const tree = await Tree.create({ hash: "sha256", arity: 2 }, 4);
  context.after(() => tree.remove());
  const { head, proofs } = await tree.proofs([0], 4);
  // The path of leaf 0 from its second level on is a proof of the tree over the two inner nodes.
  const hasher = await hasherByName("sha256");
  const upper = proofs[0].slice(-32);
  const inner = await hasher.hash([leaf(0), leaf(1)]);
  const forged = Uint8Array.of(3, 1, 2, 2, 0, ...inner, ...upper);
  const { steps } = await inclusion(tree, forged, new Head(2n, head.root));
  assert.equal(steps.length, 1);
  await assert.rejects(inclusion(tree, forged, head), /a tree of 2 leaves, the head for 4/);
});

test("an N without parameters and an unknown function are refused", async () => {
  const head = new Head(1n, leaf(0));
  const proof = (arity) => Uint8Array.of(3, 1, arity, 1, 0, ...leaf(0));
  await inclusion({ hash: "poseidon", arity: 12 }, proof(12), head);
  await assert.rejects(inclusion({ hash: "poseidon", arity: 13 }, proof(13), head), Refused);
  await assert.rejects(inclusion({ hash: "rfc6962", arity: 3 }, proof(3), head), Refused);
  for (const name of ["md5", "toString", ""]) {
    assert.throws(() => hasherByName(name), Refused);
  }
});

test("a number of the field and that number plus p are not the same leaf", async () => {
  const p = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;
  const digits = (number) => number.toString(16).padStart(64, "0").match(/../g);
  const bytes = (number) => Uint8Array.from(digits(number), (pair) => parseInt(pair, 16));
  for (const [hash, order] of [
    ["poseidon", (number) => bytes(number)],
    ["poseidon-le", (number) => bytes(number).toReversed()],
  ]) {
    const hasher = await hasherByName(hash);
    const [one, two] = [1n, 2n].map(order);
    const head = new Head(2n, await hasher.hash([one, two]));
    const proof = (first, second) => Uint8Array.of(3, 1, 2, 2, 0, ...first, ...second);
    const verify = (forged) => inclusion({ hash, arity: 2 }, forged, head);
    await verify(proof(one, two));
    assert.deepEqual(await hasher.hash([order(1n + p), two]), head.root);
    await assert.rejects(verify(proof(order(1n + p), two)), /no input of the hash function/);
    await assert.rejects(verify(proof(one, order(2n + p))), /no input of the hash function/);
    const several = (first, second) => Uint8Array.of(5, 1, 2, 2, 2, 0, 0, ...first, ...second);
    await leaves({ hash, arity: 2 }, several(one, two), head);
    const forged = several(order(1n + p), two);
    await assert.rejects(leaves({ hash, arity: 2 }, forged, head), /no input of the hash function/);
    assert.ok(hasher.accepts(order(p - 1n)) && !hasher.accepts(order(p)));
  }
});

// Proofs of the command verify here, for every hash function and N, and wrong ones do not.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { decodeConsistency, verifyConsistency } from "../../verifier/consistency.js";
import { hasherByName } from "../../verifier/functions.js";
import { Head } from "../../verifier/head.js";
import { decodeInclusion, verifyInclusion } from "../../verifier/inclusion.js";
import { Refusal } from "../../verifier/refusal.js";
import { leaf, SHAPES, sizes, Tree } from "../tree.js";

async function inclusion(tree, bytes, head, wanted) {
  const proof = decodeInclusion(bytes, tree.arity);
  return verifyInclusion(proof, await hasherByName(tree.hash), head, wanted);
}

async function consistency(tree, bytes, old, head) {
  const proof = decodeConsistency(bytes, tree.arity);
  return verifyConsistency(proof, await hasherByName(tree.hash), old, head);
}

/** Every proof that differs from this one in one bit of a byte is refused; every `step`-th byte. */
async function refusesEveryByte(bytes, step, verify) {
  for (let at = 0; at < bytes.length; at += step) {
    const forged = bytes.slice();
    forged[at] ^= 1 << (at % 8);
    await assert.rejects(async () => verify(forged), Refusal, `byte ${at}`);
  }
  for (const other of [bytes.slice(0, -1), Uint8Array.of(...bytes, 0), new Uint8Array()]) {
    await assert.rejects(async () => verify(other), Refusal, `${other.length} bytes`);
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
      const steps = await inclusion(tree, bytes, head, wanted);
      assert.deepEqual(steps.at(-1)?.parent ?? wanted.leaf, head.root);
      const others = [new Head(head.size, leaf(size)), new Head(head.size + 1n, head.root)];
      for (const other of others) {
        await assert.rejects(inclusion(tree, bytes, other), Refusal);
      }
      await assert.rejects(inclusion(tree, bytes, head, { index: wanted.index + 1n }), Refusal);
      await assert.rejects(inclusion(tree, bytes, head, { leaf: leaf(size) }), Refusal);
    }
  }
  const newest = heads.get(largest);
  for (const [size, head] of heads) {
    const growth = await tree.consistency(size, largest);
    await consistency(tree, growth, head, newest);
    const other = new Head(head.size, leaf(largest));
    await assert.rejects(consistency(tree, growth, other, newest), Refusal);
    await assert.rejects(consistency(tree, growth, head, new Head(newest.size, leaf(1))), Refusal);
    if (size !== largest) {
      await assert.rejects(consistency(tree, growth, head, head), Refusal);
      await assert.rejects(consistency(tree, growth, newest, newest), Refusal);
    }
  }

  // Milliseconds for a hash of a wide Poseidon, so that every byte would be many seconds.
  const step = shape.hash.startsWith("poseidon") && shape.arity > 2 ? 13 : 1;
  const { proofs } = await tree.proofs([largest - 1], largest);
  await refusesEveryByte(proofs[0], step, (forged) => inclusion(tree, forged, newest));
  const old = heads.get(shape.arity + 1);
  const growth = await tree.consistency(shape.arity + 1, largest);
  await refusesEveryByte(growth, step, (forged) => consistency(tree, forged, old, newest));

  // Every tree grew from the empty one, which has one root.
  const fromEmpty = await tree.consistency(0, largest);
  await consistency(tree, fromEmpty, new Head(0n, new Uint8Array(32)), newest);
  assert.throws(() => new Head(0n, leaf(0)), Refusal);
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
  const [, upper] = decodeInclusion(proofs[0], 2).siblings;
  const inner = await hasher.hash([leaf(0), leaf(1)]);
  const forged = Uint8Array.of(3, 1, 2, 2, 0, ...inner, ...upper[0]);
  assert.equal((await inclusion(tree, forged, new Head(2n, head.root))).length, 1);
  await assert.rejects(inclusion(tree, forged, head), /a tree of 2 leaves, the head for 4/);
});

test("an N without parameters and an unknown function are refused", async () => {
  const head = new Head(1n, leaf(0));
  const proof = (arity) => Uint8Array.of(3, 1, arity, 1, 0, ...leaf(0));
  await inclusion({ hash: "poseidon", arity: 12 }, proof(12), head);
  await assert.rejects(inclusion({ hash: "poseidon", arity: 13 }, proof(13), head), Refusal);
  await assert.rejects(inclusion({ hash: "rfc6962", arity: 3 }, proof(3), head), Refusal);
  for (const name of ["md5", "toString", ""]) {
    assert.throws(() => hasherByName(name), Refusal);
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
    assert.ok(hasher.accepts(order(p - 1n)) && !hasher.accepts(order(p)));
  }
});

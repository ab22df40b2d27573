// What tree it is, and what links a head to the trusted one.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Tree } from "../../tree.js";
import { LINKED, PINNED, TOLD, Trust } from "../../trust.js";
import { fingerprint } from "../../verifier/fingerprint.js";
import { hasherByName } from "../../verifier/functions.js";
import { Head, hexFromBytes, Refused } from "../../verifier/rotortree-verify.mjs";

const hash = (byte) => new Uint8Array(32).fill(byte);
const sha256 = await hasherByName("sha256");
const root = await sha256.hash([hash(1), hash(2)]);
const [one, two] = [new Head(1n, hash(1)), new Head(2n, root)];

/** A server that proves growth from one leaf to two. */
const server = {
  async consistency(old, grown) {
    assert.deepEqual([old, grown], [1n, 2n]);
    return { proof: hexFromBytes(Uint8Array.of(4, 1, 2, 1, 2, ...hash(1), ...hash(2))) };
  },
};

async function treeOf(name, arity) {
  const print = await fingerprint(await hasherByName(name), arity);
  return Tree.of({ arity, hash: name, fingerprint: hexFromBytes(print) });
}

beforeEach(() => {
  const kept = new Map();
  globalThis.localStorage = {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => kept.set(key, value),
    removeItem: (key) => kept.delete(key),
  };
});

test("a function is known by its fingerprint, whatever its name", async () => {
  const tree = await treeOf("keccak256", 3);
  assert.equal(tree.hash, "keccak256");
  const print = hexFromBytes(await fingerprint(await hasherByName("keccak256"), 3));
  const misnamed = await Tree.of({ arity: 3, hash: "sha256", fingerprint: print });
  assert.ok(misnamed.isLike(tree));
  const unknown = await Tree.of({ arity: 3, hash: "ours", fingerprint: hexFromBytes(hash(0)) });
  assert.equal(unknown.isVerifiable, false);
  assert.throws(() => unknown.hasher, /hash function, ours/);
  await assert.rejects(Tree.of({ arity: 3, hash: "sha256" }), Refused);
});

test("a head is linked to the trusted one by proofs in both directions", async () => {
  const tree = await treeOf("sha256", 2);
  const trust = new Trust(server, tree);
  assert.equal(await trust.link(two), TOLD);
  trust.pin(one);
  assert.equal(await trust.link(one), PINNED);
  assert.equal(await trust.link(two), LINKED);
  trust.pin(two);
  assert.equal(await trust.link(one), LINKED);
  trust.forget();
  assert.equal(await trust.link(two), TOLD);
});

test("a head that contradicts the trusted one is refused", async () => {
  const trust = new Trust(server, await treeOf("sha256", 2));
  trust.pin(one);
  await assert.rejects(trust.link(new Head(1n, hash(9))), Refused);
  await assert.rejects(trust.link(new Head(2n, hash(9))), Refused);
  trust.pin(new Head(1n, hash(9)));
  await assert.rejects(trust.link(two), Refused);
  trust.pin(new Head(2n, hash(9)));
  await assert.rejects(trust.link(one), Refused);
});

test("a proof for one trusted head says nothing of another that is set meanwhile", async () => {
  const trust = new Trust(server, await treeOf("sha256", 2));
  trust.pin(one);
  const running = trust.link(two);
  trust.pin(new Head(1n, hash(9)));
  assert.equal(await running, LINKED);
  await assert.rejects(trust.link(two), Refused);
});

test("the head of a tree without leaves is none to trust", async () => {
  const trust = new Trust(server, await treeOf("sha256", 2));
  assert.throws(() => trust.pin(new Head(0n, hash(0))), /tells nothing/);
  assert.equal(trust.head, undefined);
});

test("a trusted head is kept with its tree, and holds for no other", async () => {
  new Trust(server, await treeOf("sha256", 2)).pin(one);
  const again = new Trust(server, await treeOf("sha256", 2));
  assert.ok(again.head.equals(one));
  const other = new Trust(server, await treeOf("blake3", 2));
  await assert.rejects(other.link(one), /with sha256 and N = 2/);
  again.forget();
  assert.equal(new Trust(server, await treeOf("sha256", 2)).head, undefined);
});

test("a trusted head checks no proof from elsewhere for a tree with another N", async () => {
  new Trust(server, await treeOf("sha256", 2)).pin(two);
  assert.ok(new Trust(server, await treeOf("sha256", 2)).headOfTree.equals(two));
  const lying = new Trust(server, await treeOf("sha256", 9));
  assert.throws(() => lying.headOfTree, /with sha256 and N = 2/);
  lying.forget();
  assert.equal(lying.headOfTree, undefined);
});

test("what is stored and damaged is no trusted head", async () => {
  const tree = await treeOf("sha256", 2);
  for (const stored of ["", "{", "{}", '{"head":"1:0x12"}']) {
    globalThis.localStorage.getItem = () => stored;
    assert.equal(new Trust(server, tree).head, undefined);
  }
});

test("a number that is not below the order of the field is no trusted root", async () => {
  const trust = new Trust(server, await treeOf("poseidon", 2));
  assert.throws(() => trust.pin(new Head(1n, hash(0xff))), /no value of the hash function/);
});

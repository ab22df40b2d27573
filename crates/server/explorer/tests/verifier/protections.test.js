// Every check of the verifier is needed: without it, a forgery passes.
//
// The forgeries are refused by the verifier as it is. Then each check is taken out of a copy, and
// the forgery that it stands against must pass there.

import assert from "node:assert/strict";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";

import { hasherByName } from "../../verifier/functions.js";

const SERVER = new URL("../../..", import.meta.url);
const P = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;

const hash = (byte) => new Uint8Array(32).fill(byte);
const sha256 = await hasherByName("sha256");
const poseidon = await hasherByName("poseidon");
const [a, b, c, d] = [1, 2, 3, 4].map(hash);
const [ab, cd] = [await sha256.hash([a, b]), await sha256.hash([c, d])];
const abc = await sha256.hash([ab, c]);
const abcd = await sha256.hash([ab, cd]);

/** The encoding of a proof: kind, N, two numbers, hashes. */
const bytes = (kind, arity, first, second, ...hashes) =>
  Uint8Array.of(kind, 1, arity, first, second, ...hashes.flatMap((hash) => [...hash]));
const inclusion = (...rest) => bytes(3, 2, ...rest);
const growth = (...rest) => bytes(4, 2, ...rest);

/** The bytes of a number of the field. */
function field(number) {
  const digits = number.toString(16).padStart(64, "0");
  return Uint8Array.from(digits.match(/../g), (pair) => parseInt(pair, 16));
}

/** A verifier: the functions of one copy. */
async function load(folder) {
  const names = ["consistency", "functions", "head", "inclusion"];
  const from = (name) => import(pathToFileURL(join(folder, "explorer/verifier", `${name}.js`)));
  const parts = Object.assign({}, ...(await Promise.all(names.map(from))));
  const head = (size, root) => new parts.Head(BigInt(size), root);
  return {
    head,
    async includes(proof, size, root, wanted, name = "sha256") {
      const decoded = parts.decodeInclusion(proof, 2);
      const hasher = await parts.hasherByName(name);
      await parts.verifyInclusion(decoded, hasher, head(size, root), wanted);
    },
    async grew(proof, old, grown, name = "sha256") {
      const decoded = parts.decodeConsistency(proof, 2);
      const hasher = await parts.hasherByName(name);
      await parts.verifyConsistency(decoded, hasher, head(...old), head(...grown));
    },
  };
}

const whole = inclusion(4, 0, a, b, cd);
const grown = growth(3, 4, c, d, ab);

const FORGERIES = {
  "another index": (v) => v.includes(whole, 4, abcd, { index: 1n }),
  "another leaf": (v) => v.includes(whole, 4, abcd, { leaf: b }),
  "an inner node as a leaf": (v) => v.includes(inclusion(2, 0, ab, cd), 4, abcd),
  "another sibling": (v) => v.includes(inclusion(4, 0, a, c, cd), 4, abcd),
  "an index beyond the tree": (v) => v.includes(inclusion(1, 1, a), 1, a),
  "bytes behind the end": (v) => v.includes(Uint8Array.of(...whole, 0), 4, abcd),
  "a number in a longer form": (v) =>
    v.includes(Uint8Array.of(3, 1, 2, 0x84, 0, ...whole.slice(4)), 4, abcd),
  "another N": (v) => v.includes(bytes(3, 3, 4, 0, a, b, cd), 4, abcd),
  "another kind": (v) => v.includes(bytes(4, 2, 4, 0, a, b, cd), 4, abcd),
  "another version": (v) => v.includes(Uint8Array.of(3, 2, ...whole.slice(2)), 4, abcd),
  "a leaf and p": async (v) => {
    const leaf = field(5n + P);
    const root = await poseidon.hash([leaf, field(6n)]);
    await v.includes(inclusion(2, 0, leaf, field(6n)), 2, root, {}, "poseidon");
  },
  "a head of nothing with a root": (v) => v.grew(growth(0, 4), [0, a], [4, abcd]),
  "a tree that shrinks": (v) => v.grew(growth(2, 1), [2, ab], [1, a]),
  "two roots of one size": (v) => v.grew(growth(2, 2), [2, ab], [2, cd]),
  "another old root": (v) => v.grew(grown, [3, cd], [4, abcd]),
  "another new root": (v) => v.grew(grown, [3, abc], [4, abc]),
  "another old size": (v) => v.grew(grown, [2, abc], [4, abcd]),
  "another new size": (v) => v.grew(grown, [3, abc], [5, abcd]),
  "a new leaf and p": async (v) => {
    const [inner, third, fourth] = [9n, 7n, 8n].map(field);
    const old = await poseidon.hash([inner, third]);
    const next = await poseidon.hash([inner, await poseidon.hash([third, fourth])]);
    await v.grew(growth(3, 4, third, field(8n + P), inner), [3, old], [4, next], "poseidon");
  },
};

/** File, the check, what stands in its place, and what then passes. */
const CHECKS = [
  ["inclusion", "wanted.index !== undefined", "false", "another index"],
  ["inclusion", "wanted.leaf !== undefined", "false", "another leaf"],
  ["inclusion", "head.expectSize(proof.size);", "", "an inner node as a leaf"],
  ["inclusion", "head.expectRoot(node);", "", "another sibling"],
  ["inclusion", "!hashes.every((hash) => hasher.accepts(hash))", "false", "a leaf and p"],
  ["poseidon", "number(hash) < ORDER", "true", "a leaf and p"],
  ["path", "index >= size", "false", "an index beyond the tree"],
  ["reader", "rest > 0", "false", "bytes behind the end"],
  ["reader", "byte === 0 && shift > 0n", "false", "a number in a longer form"],
  ["reader", "found.arity !== BigInt(arity)", "false", "another N"],
  ["reader", "found.kind !== kind", "false", "another kind"],
  ["reader", "version !== VERSION", "false", "another version"],
  ["head", "!equalBytes(root, EMPTY_ROOT)", "false", "a head of nothing with a root"],
  ["consistency", "newSize < oldSize", "false", "a tree that shrinks"],
  ["consistency", "proof.oldSize === proof.newSize", "false", "two roots of one size"],
  ["consistency", "old.expectRoot(oldNode);", "", "another old root"],
  ["consistency", "head.expectRoot(newNode);", "", "another new root"],
  ["consistency", "old.expectSize(proof.oldSize);", "", "another old size"],
  ["consistency", "head.expectSize(proof.newSize);", "", "another new size"],
  ["consistency", "!hashes.every((hash) => hasher.accepts(hash))", "false", "a new leaf and p"],
];

let folder;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "rotortree-protections-"));
});
after(() => rm(folder, { recursive: true, force: true }));

/** A copy of the verifier with the files by others, as the server has them. */
async function copy(name) {
  const place = join(folder, name);
  for (const part of ["explorer/verifier", "explorer/package.json", "vendor"]) {
    await cp(new URL(part, SERVER), join(place, part), { recursive: true });
  }
  return place;
}

test("the verifier refuses every forgery, and takes the true proofs", async () => {
  const verifier = await load(await copy("whole"));
  await verifier.includes(whole, 4, abcd, { index: 0n, leaf: a });
  await verifier.grew(grown, [3, abc], [4, abcd]);
  for (const [name, forgery] of Object.entries(FORGERIES)) {
    await assert.rejects(async () => forgery(verifier), { name: "Refusal" }, name);
  }
  const named = new Set(CHECKS.map(([, , , forgery]) => forgery));
  assert.deepEqual([...named].sort(), Object.keys(FORGERIES).sort());
});

for (const [at, [file, find, put, forgery]] of CHECKS.entries()) {
  test(`without \`${find}\` in ${file}.js: ${forgery}`, async () => {
    const place = await copy(String(at));
    const path = join(place, "explorer/verifier", `${file}.js`);
    const text = await readFile(path, "utf8");
    assert.equal(text.split(find).length, 2, "the check stands there once");
    await writeFile(path, text.replace(find, put));
    await FORGERIES[forgery](await load(place));
  });
}

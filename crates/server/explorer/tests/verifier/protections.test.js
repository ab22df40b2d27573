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
  Uint8Array.of(kind, 1, arity, first, second, ...flat(hashes));
const flat = (hashes) => hashes.flatMap((hash) => [...hash]);
const inclusion = (...rest) => bytes(3, 2, ...rest);
const growth = (...rest) => bytes(4, 2, ...rest);
/** A multiproof of leaves 0 and 1 plus `gap`, a range proof of `count` leaves from 0 on. */
const multi = (size, gap, ...hashes) => Uint8Array.of(5, 1, 2, size, 2, 0, gap, ...flat(hashes));
const range = (size, count, ...hashes) => Uint8Array.of(6, 1, 2, size, 0, count, ...flat(hashes));
const news = (...rest) => bytes(7, 2, ...rest);

/** The bytes of a number of the field. */
function field(number) {
  const digits = number.toString(16).padStart(64, "0");
  return Uint8Array.from(digits.match(/../g), (pair) => parseInt(pair, 16));
}

/** A verifier: the functions of one copy. */
async function load(folder) {
  const from = (name) => import(pathToFileURL(join(folder, "explorer/verifier", name)));
  const verifier = await from(VERIFIER);
  const { hasherByName } = await from("functions.js");
  const head = ([size, root]) => new verifier.Head(BigInt(size), root);
  const verify = async (proof, heads, wanted, name = "sha256") => {
    const hasher = await hasherByName(name);
    const kind = verifier.kindOf(proof);
    await verifier[FUNCTIONS[kind]](proof, 2, hasher, ...heads.map(head), wanted);
  };
  return {
    verify,
    includes: (proof, size, root, ...rest) => verify(proof, [[size, root]], ...rest),
    grew: (proof, old, grown, name) => verify(proof, [old, grown], undefined, name),
    // A proof that is taken for one of another kind.
    takes: async (name, proof, ...heads) =>
      verifier[name](proof, 2, await hasherByName("sha256"), ...heads.map(head)),
  };
}

const VERIFIER = "rotortree-verify.mjs";
const FUNCTIONS = {
  "inclusion proof": "verifyInclusion",
  multiproof: "verifyLeaves",
  "range proof": "verifyLeaves",
  "consistency proof": "verifyConsistency",
  "catch-up proof": "verifyCatchUp",
};

const whole = inclusion(4, 0, a, b, cd);
const grown = growth(3, 4, c, d, ab);
const both = multi(4, 1, b, d, a, c);
const run = range(4, 2, cd, a, b);
const came = news(3, 1, ab, c, d);

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
  "another kind": (v) => v.takes("verifyInclusion", bytes(4, 2, 4, 0, a, b, cd), [4, abcd]),
  "another version": (v) => v.includes(Uint8Array.of(3, 2, ...whole.slice(2)), 4, abcd),
  "leaves of another tree": (v) => v.includes(multi(2, 0, ab, cd), 4, abcd),
  "other leaves": (v) => v.includes(both, 4, abcd, [0n, 1n]),
  "another one of several leaves": (v) => v.includes(multi(4, 1, b, d, a, d), 4, abcd),
  "several leaves beyond the tree": (v) => v.includes(range(1, 2, a, b), 1, a),
  "no leaves": (v) => v.includes(range(4, 0, abcd), 4, abcd),
  "hashes behind several leaves": (v) => v.includes(range(4, 2, cd, cd, a, b), 4, abcd),
  "several leaves and p": async (v) => {
    const [first, second] = [field(5n + P), field(6n)];
    const root = await poseidon.hash([first, second]);
    await v.includes(range(2, 2, first, second), 2, root, undefined, "poseidon");
  },
  "another frontier": (v) => v.grew(came, [3, abcd], [4, abcd]),
  "other new leaves": (v) => v.grew(news(3, 1, ab, c, c), [3, abc], [4, abcd]),
  "news of another old size": (v) => v.grew(came, [2, abc], [4, abcd]),
  "news of another new size": (v) => v.grew(news(3, 2, ab, c, d, d), [3, abc], [4, abcd]),
  "no news and another root": (v) => v.grew(news(4, 0), [4, abcd], [4, abc]),
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

/** The check, what stands in its place, what then passes, and the file if it is another one. */
const CHECKS = [
  ["wanted.index !== undefined", "false", "another index"],
  ["wanted.leaf !== undefined", "false", "another leaf"],
  ["head.expectSize(size);\n  return", "return", "an inner node as a leaf"],
  ["head.expectSize(size);\n  return", "return", "leaves of another tree"],
  ["head.expectRoot(node);", "", "another sibling"],
  ["this.#hasher.accepts?.(hash) === false", "false", "a leaf and p"],
  ["this.#hasher.accepts?.(hash) === false", "false", "several leaves and p"],
  ["this.#hasher.accepts?.(hash) === false", "false", "a new leaf and p"],
  ["number(hash) < ORDER", "true", "a leaf and p", "poseidon.js"],
  ["index >= size", "false", "an index beyond the tree"],
  ["index >= size", "false", "several leaves beyond the tree"],
  ["this.#rest.length > 0", "false", "bytes behind the end"],
  ["this.#rest.length > 0", "false", "hashes behind several leaves"],
  ["byte === 0 && shift > 0n", "false", "a number in a longer form"],
  ["found !== BigInt(arity)", "false", "another N"],
  ["!kinds.includes(this.kind)", "false", "another kind"],
  ["version !== VERSION", "false", "another version"],
  ["String(wanted) !== String(indices)", "false", "other leaves"],
  ["head.expectRoot(root);\n  return { leaves", "return { leaves", "another one of several leaves"],
  ["count === 0n ||", "", "no leaves"],
  ["!equalBytes(root, new Uint8Array(HASH_BYTES))", "false", "a head of nothing with a root"],
  ["size < oldSize", "false", "a tree that shrinks"],
  ["oldSize === size) {\n    head", "false) {\n    head", "two roots of one size"],
  ["oldSize === size) {\n    head", "false) {\n    head", "no news and another root"],
  ["old.expectRoot(before);", "", "another old root"],
  ["head.expectRoot(after);", "", "another new root"],
  ["old.expectSize(oldSize);", "", "another old size"],
  ["old.expectSize(oldSize);", "", "news of another old size"],
  ["head.expectSize(size);\n  if", "if", "another new size"],
  ["head.expectSize(size);\n  if", "if", "news of another new size"],
  ["old.expectRoot(await rootOfFrontier", "(await rootOfFrontier", "another frontier"],
  ["head.expectRoot(root);\n  }", "}", "other new leaves"],
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
  await verifier.includes(both, 4, abcd, [0n, 2n]);
  await verifier.includes(run, 4, abcd, [0n, 1n]);
  await verifier.grew(grown, [3, abc], [4, abcd]);
  await verifier.grew(came, [3, abc], [4, abcd]);
  await verifier.grew(news(4, 0), [4, abcd], [4, abcd]);
  for (const [name, forgery] of Object.entries(FORGERIES)) {
    await assert.rejects(async () => forgery(verifier), { name: "Refused" }, name);
  }
  const named = new Set(CHECKS.map(([, , forgery]) => forgery));
  assert.deepEqual([...named].sort(), Object.keys(FORGERIES).sort());
});

for (const [at, [find, put, forgery, file = VERIFIER]] of CHECKS.entries()) {
  test(`without \`${find}\` in ${file}: ${forgery}`, async () => {
    const place = await copy(String(at));
    const path = join(place, "explorer/verifier", file);
    const text = await readFile(path, "utf8");
    assert.equal(text.split(find).length, 2, "the check stands there once");
    await writeFile(path, text.replace(find, put));
    await FORGERIES[forgery](await load(place));
  });
}

// The parts of the verifier at their edges.

import assert from "node:assert/strict";
import { test } from "node:test";

import { parseIndices } from "../../indices.js";
import {
  boundary,
  depth,
  groups,
  hashFromHex,
  HASHES,
  Head,
  hexFromBytes,
  kindOf,
  parseJson,
  Refused,
  u64,
  verifyCatchUp,
  verifyInclusion,
  verifyLeaves,
} from "../../verifier/rotortree-verify.mjs";

const MOST = (1n << 64n) - 1n;

const hasher = HASHES.sha256;
const one = new Head(1n, new Uint8Array(32));

test("numbers have one form", async () => {
  // The size of a proof for another tree than the head's.
  const read = (...size) => verifyInclusion(Uint8Array.of(3, 1, 2, ...size), 2, hasher, one);
  const isOf = (size) => new RegExp(`for a tree of ${size} leaves, the head for 1$`);
  await assert.rejects(read(0), isOf(0));
  await assert.rejects(read(0x7f), isOf(127));
  await assert.rejects(read(0x80, 1), isOf(128));
  const nine = Array(9).fill(0xff);
  await assert.rejects(read(...nine, 1), isOf(MOST));
  for (const bytes of [[0x80, 0], [0xff, 0x80, 0], [...nine, 2], Array(11).fill(0x80)]) {
    await assert.rejects(read(...bytes), /not in its shortest form or too large/, String(bytes));
  }
  await assert.rejects(read(0x80), /end too early/);
});

test("an encoding of another kind, version or N is refused", async () => {
  for (const bytes of [[], [0, 1, 2], [9, 1, 2], [3], [3, 2, 2]]) {
    assert.throws(() => kindOf(Uint8Array.from(bytes)), Refused, String(bytes));
  }
  const head = Uint8Array.of(1, 1, 2, 0);
  assert.equal(kindOf(head), "head");
  const verify = (bytes, arity = 2) => verifyInclusion(bytes, arity, hasher, one);
  await assert.rejects(verify(head), /are no inclusion proof, but of the kind head/);
  await assert.rejects(verify(Uint8Array.of(3, 1, 4)), /N = 4, not 2/);
  // A verifier that divides by such an N would never end.
  for (const arity of [0, 1]) {
    const proof = Uint8Array.of(3, 1, arity, 1, 0, ...one.root);
    await assert.rejects(verify(proof, arity), /does not hash groups of/);
  }
});

test("counts that no bytes stand for are refused before there is memory for them", async () => {
  const large = [...Array(9).fill(0xff), 1];
  const whole = new Head(MOST, new Uint8Array(32));
  const empty = new Head(0n, new Uint8Array(32));
  for (const [verify, bytes, ...heads] of [
    [verifyLeaves, [5, 1, 2, ...large, ...large, 0], whole],
    [verifyLeaves, [5, 1, 2, 1, 0, 0], one],
    [verifyLeaves, [6, 1, 2, ...large, 0, ...large], whole],
    [verifyLeaves, [6, 1, 2, 1, 0, 0], one],
    [verifyCatchUp, [7, 1, 2, 0, ...large], empty, whole],
  ]) {
    await assert.rejects(verify(Uint8Array.from(bytes), 2, hasher, ...heads), Refused);
  }
});

test("sizes and indices keep all their digits", () => {
  const { size, text, list } = parseJson(
    '{"size":18446744073709551615,"text":"1e99 \\"12345678901234567890","list":[1,-2.5e3]}',
  );
  assert.equal(u64(size, "size"), MOST);
  assert.equal(text, '1e99 "12345678901234567890');
  assert.deepEqual(list, [1, -2500]);
  for (const wrong of [
    "",
    "-1",
    "1.5",
    "01",
    "0x10",
    "18446744073709551616",
    null,
    undefined,
    {},
    2 ** 60,
  ]) {
    assert.throws(() => u64(wrong, "size"), Refused, String(wrong));
  }
});

test("a head is read from what it prints and from nothing that says less", () => {
  const root = `0x${"ab".repeat(32)}`;
  const head = Head.parse(` 300:${root}\n`);
  assert.equal(head.size, 300n);
  assert.equal(String(head), `300:${root}`);
  assert.ok(head.equals(Head.parse(`300:${"AB".repeat(32)}`)));
  for (const wrong of [
    "",
    "300",
    "300:",
    ":ab",
    `300:${root}:1`,
    `03:${root}`,
    `0:${root}`,
    "300:0x12",
  ]) {
    assert.throws(() => Head.parse(wrong), Refused, wrong);
  }
  assert.throws(() => hashFromHex("0x"), Refused);
  assert.equal(hexFromBytes(hashFromHex("00".repeat(32))), `0x${"00".repeat(32)}`);
});

/** The groups of a path by their definition: level lengths, one after the other. */
function slowPath(index, size, arity) {
  const groups = [];
  for (let length = size; length > 1; length = Math.ceil(length / arity)) {
    const start = Math.floor(index / arity) * arity;
    groups.push({
      level: groups.length,
      start: BigInt(start),
      length: Math.min(arity, length - start),
      position: index - start,
    });
    index = Math.floor(index / arity);
  }
  return groups;
}

test("a path has the groups of its definition", () => {
  for (const arity of [2, 3, 4, 5, 8, 16, 33]) {
    for (let size = 1; size < 120; size += 1) {
      for (let index = 0; index < size; index += 1) {
        const path = [...groups(BigInt(index), BigInt(size), arity)];
        assert.deepEqual(path, slowPath(index, size, arity));
        assert.equal(path.length, depth(BigInt(size), arity));
      }
    }
  }
  assert.equal([...groups(MOST - 1n, MOST, 2)].length, 64);
  assert.equal(depth(MOST, 16), 16);
  assert.equal(depth(0n, 2), 0);
});

test("the boundary between two sizes has the nodes of the new tree, each once", () => {
  for (const arity of [2, 3, 4, 5, 8, 16, 33]) {
    for (let size = 2; size < 90; size += 1) {
      for (let old = 1; old < size; old += 1) {
        const covered = [...boundary(BigInt(old), BigInt(size), arity)].flatMap((group) => {
          const width = BigInt(arity) ** BigInt(group.level);
          const nodes = (from, count) =>
            Array.from({ length: count }, (_, at) => {
              const node = from + BigInt(at);
              const end = (node + 1n) * width;
              return [node * width, end < BigInt(size) ? end : BigInt(size)];
            });
          const { start, position, length, isStraddled } = group;
          const first = position + (isStraddled ? 1 : 0);
          return [...nodes(start, position), ...nodes(start + BigInt(first), length - first)];
        });
        covered.sort(([one], [other]) => Number(one - other));
        let end = 0n;
        for (const [from, to] of covered) {
          assert.equal(from, end, `${old} to ${size}, N = ${arity}`);
          end = to;
        }
        assert.equal(end, BigInt(size));
        assert.ok(
          covered.some(([, to]) => to === BigInt(old)),
          "old leaves end at a node's end",
        );
      }
    }
  }
  assert.deepEqual([...boundary(0n, 5n, 2)], []);
  assert.deepEqual([...boundary(5n, 5n, 2)], []);
});

test("indices and runs are read from the left, each once", () => {
  assert.deepEqual(parseIndices(" 17, 0 3..6,4\n", 5), [0n, 3n, 4n, 5n, 17n]);
  assert.deepEqual(parseIndices(`${MOST}`, 1), [MOST]);
  for (const wrong of ["", " , ", "x", "-1", "5..", "..5", "5..5", "6..5", "1..2..3", "0x10"]) {
    assert.throws(() => parseIndices(wrong, 9), Refused, wrong);
  }
  assert.throws(() => parseIndices(`0..${MOST}`, 1024), /at most 1024 leaves at once/);
  assert.throws(() => parseIndices("1 2 3", 2), /at most 2 leaves at once/);
});

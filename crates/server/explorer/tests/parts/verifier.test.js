// The parts of the verifier at their edges.

import assert from "node:assert/strict";
import { test } from "node:test";

import { boundary } from "../../verifier/consistency.js";
import { Head } from "../../verifier/head.js";
import { hashFromHex, hexFromBytes } from "../../verifier/hex.js";
import { parseJson, u64 } from "../../verifier/number.js";
import { depth, path } from "../../verifier/path.js";
import { peek, Reader } from "../../verifier/reader.js";
import { Refusal } from "../../verifier/refusal.js";

const MOST = (1n << 64n) - 1n;

test("numbers have one form", () => {
  const read = (...bytes) => {
    const reader = new Reader(Uint8Array.of(...bytes));
    const number = reader.number();
    reader.finish();
    return number;
  };
  assert.equal(read(0), 0n);
  assert.equal(read(0x7f), 127n);
  assert.equal(read(0x80, 1), 128n);
  const nine = Array(9).fill(0xff);
  assert.equal(read(...nine, 1), MOST);
  for (const bytes of [
    [0x80, 0],
    [0xff, 0x80, 0],
    [...nine, 2],
    Array(11).fill(0x80),
    [0x80],
    [1, 2],
  ]) {
    assert.throws(() => read(...bytes), Refusal, String(bytes));
  }
});

test("a header of another kind, version or N is refused", () => {
  assert.throws(() => peek(Uint8Array.of(0, 1, 2)), Refusal);
  assert.throws(() => peek(Uint8Array.of(9, 1, 2)), Refusal);
  assert.throws(() => peek(Uint8Array.of(3, 2, 2)), /version 2/);
  const head = Uint8Array.of(1, 1, 2, 0);
  assert.equal(peek(head).kind, "head");
  assert.throws(() => Reader.header(head, "inclusion proof", 2), /a head, not/);
  assert.throws(() => Reader.header(Uint8Array.of(3, 1, 4), "inclusion proof", 2), /N = 4, not 2/);
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
    assert.throws(() => u64(wrong, "size"), Refusal, String(wrong));
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
    assert.throws(() => Head.parse(wrong), Refusal, wrong);
  }
  assert.throws(() => hashFromHex("0x"), Refusal);
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
        assert.deepEqual(path(BigInt(index), BigInt(size), arity), slowPath(index, size, arity));
      }
    }
  }
  assert.equal(path(MOST - 1n, MOST, 2).length, 64);
  assert.equal(depth(MOST, 16), 16);
  assert.equal(depth(0n, 2), 0);
  assert.throws(() => path(5n, 5n, 2), Refusal);
  assert.throws(() => path(0n, 0n, 2), Refusal);
});

test("the boundary between two sizes has the nodes of the new tree, each once", () => {
  for (const arity of [2, 3, 4, 5, 8, 16, 33]) {
    for (let size = 2; size < 90; size += 1) {
      for (let old = 1; old < size; old += 1) {
        const covered = boundary(BigInt(old), BigInt(size), arity).flatMap((group) => {
          const width = BigInt(arity) ** BigInt(group.level);
          const nodes = (from, count) =>
            Array.from({ length: count }, (_, at) => {
              const node = from + BigInt(at);
              const end = (node + 1n) * width;
              return [node * width, end < BigInt(size) ? end : BigInt(size)];
            });
          const behind = group.start + BigInt(group.left) + (group.straddled ? 1n : 0n);
          return [...nodes(group.start, group.left), ...nodes(behind, group.right)];
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
  assert.deepEqual(boundary(0n, 5n, 2), []);
  assert.deepEqual(boundary(5n, 5n, 2), []);
  assert.throws(() => boundary(6n, 5n, 2), Refusal);
});

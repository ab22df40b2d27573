// What charts, drawings and addresses are made of.

import assert from "node:assert/strict";
import { test } from "node:test";

import { compact, count, duration, rate, shortHash } from "../../format.js";
import { Growth } from "../../growth.js";
import { layout } from "../../layout.js";
import { formatRoute, parseRoute } from "../../route.js";
import { growthRows, inclusionRows, leavesRows } from "../../rows.js";
import { boundary, groups, Head, verifyLeaves } from "../../verifier/rotortree-verify.mjs";

test("a rate is of the last seconds, and of what is known", () => {
  const growth = new Growth();
  assert.equal(growth.rate(5), 0);
  growth.add(0, 100n);
  assert.equal(growth.rate(5), 0);
  growth.add(5, 600n);
  assert.equal(growth.rate(5), 100);
  assert.equal(growth.rate(10), 50);
  growth.add(20, 700n);
  assert.equal(growth.rate(20), 10);
  assert.equal(growth.rate(40), 0);
});

test("rates add up to the growth within the window", () => {
  const growth = new Growth();
  let size = 1000;
  for (let time = 0; time <= 600; time += 3) {
    size += (time * 7) % 50;
    growth.add(time, BigInt(size));
  }
  const rates = growth.rates(600, 60);
  const grown = rates.reduce((sum, rate) => sum + rate * 5, 0);
  assert.ok(Math.abs(grown - (growth.sizeAt(600) - growth.sizeAt(300))) < 1e-6);
  const sizes = growth.sizes(600);
  assert.ok(sizes.length < 105, "samples before the window go");
  assert.equal(sizes[0].at, 0);
  assert.deepEqual(sizes.at(-1), { at: 1, value: size });
});

test("a window starts with the page and is at most five minutes", () => {
  const growth = new Growth();
  assert.equal(growth.window(0), 30);
  growth.add(10, 1n);
  assert.equal(growth.window(20), 30);
  assert.equal(growth.window(70), 60);
  assert.equal(growth.window(4000), 300);
});

test("an address keeps what it says", () => {
  const fields = { leaf: "0xab", at: "300" };
  assert.deepEqual(parseRoute(formatRoute(fields)), fields);
  assert.equal(formatRoute({ leaf: 5n, at: "" }), "#leaf=5");
  assert.deepEqual(parseRoute("#leaf=%3Cb%3E+&x"), { leaf: "<b>", x: "" });
  assert.deepEqual(parseRoute(""), {});
});

test("numbers are short where there is no room", () => {
  assert.equal(compact(9999), "9,999");
  assert.equal(compact(1234567), "1.2M");
  assert.equal(rate(0.25), "0.25");
  assert.equal(rate(1234.5), "1,235");
  assert.equal(count(1n, "leaf", "leaves"), "1 leaf");
  assert.equal(count(2n ** 60n, "leaf", "leaves"), "1,152,921,504,606,846,976 leaves");
  assert.equal(duration(45.4), "45 s");
  assert.equal(duration(299), "5 min");
  assert.equal(shortHash(new Uint8Array(32).fill(0xab)), "abab…abab");
});

/** The steps of a path, with hashes that name their places. */
function steps(index, size, arity) {
  return [...groups(BigInt(index), BigInt(size), arity)].map((group) => ({
    ...group,
    children: Array.from({ length: group.length }, (_, at) => Uint8Array.of(group.level, at)),
  }));
}

function assertPlaced(rows, width) {
  const { rows: placed, height } = layout(rows, width);
  for (const [at, { cells, edges, hidden }] of placed.entries()) {
    assert.equal(cells.length + hidden, rows[at].cells.length);
    assert.equal(edges.length, at === 0 ? 0 : cells.length);
    let end = -0.01;
    for (const cell of cells) {
      assert.ok(cell.x >= end, "cells lie side by side");
      assert.ok(cell.width > 5 && cell.y + cell.height < height);
      end = cell.x + cell.width;
    }
    assert.ok(end <= width + 0.01, `${end} of ${width}`);
    if (at > 0) {
      // The cells are the children of a cell above that is on the way.
      const stem = placed[at - 1].cells.find(({ x, width }) => x + width / 2 === edges[0].to.x);
      assert.match(stem.kind, /path|root|grown|kept/);
      assert.ok(
        cells.some(({ kind }) => /path|grown|kept|new/.test(kind)),
        "the focus is shown",
      );
    }
  }
}

test("a drawing has every node of a path within its width", () => {
  for (const arity of [2, 3, 4, 8, 16, 33, 200]) {
    for (const size of [1, 2, arity + 1, arity * arity, arity * arity * arity + 1]) {
      for (const index of [0, size >> 1, size - 1]) {
        const head = { size: BigInt(size), root: Uint8Array.of(9) };
        const rows = inclusionRows(Uint8Array.of(7), steps(index, size, arity), head);
        for (const width of [280, 700, 1000]) {
          assertPlaced(rows, width);
        }
      }
    }
  }
});

test("a drawing of growth has every node of the boundary", () => {
  for (const arity of [2, 3, 4, 16, 33]) {
    for (const [old, size] of [
      [1, 2],
      [arity, arity + 1],
      [arity + 1, arity * arity + 1],
      [arity * arity, arity ** 3],
    ]) {
      const hashes = (length) => Array.from({ length }, () => Uint8Array.of(1));
      const steps = [...boundary(BigInt(old), BigInt(size), arity)].map((group) => ({
        ...group,
        left: hashes(group.position),
        grown: Uint8Array.of(2),
        right: hashes(group.length - group.position - (group.isStraddled ? 1 : 0)),
      }));
      const rows = growthRows(steps, { size: BigInt(size), root: Uint8Array.of(9) });
      assertPlaced(rows, 280);
    }
  }
});

test("a run of lifted levels takes one row", () => {
  // The last of 2^10 + 1 leaves is lifted ten times.
  const head = { size: 1025n, root: Uint8Array.of(9) };
  const rows = inclusionRows(Uint8Array.of(7), steps(1024, 1025, 2), head);
  assert.deepEqual(
    rows.map((row) => row.label),
    ["root of 1,025 leaves", "level 10", "levels 0 to 9 · lifted"],
  );
});

/** Every node is zeros, so that a proof with the right number of hashes holds. */
const ZEROS = { hash: () => new Uint8Array(32) };

/** The steps of a range proof in a tree of zeros. */
async function stepsOfRange(first, count, size, arity) {
  const head = new Head(BigInt(size), new Uint8Array(32));
  for (let hashes = count; ; hashes += 1) {
    const start = Uint8Array.of(6, 1, arity, size, first, count);
    const proof = Uint8Array.of(...start, ...new Uint8Array(32 * hashes));
    try {
      return { ...(await verifyLeaves(proof, arity, ZEROS, head)), head };
    } catch (error) {
      assert.match(error.message, /end too early/);
    }
  }
}

test("a drawing of several leaves has every group above them, each below its parent", async () => {
  for (const arity of [2, 3, 4, 8, 33]) {
    for (const size of [1, 2, arity, arity + 1, 3 * arity + 1, 100]) {
      for (const [first, count] of [
        [0, 1],
        [size - 1, 1],
        [size >> 1, Math.min(3, size - (size >> 1))],
        [0, size],
      ]) {
        const { leaves, steps, head } = await stepsOfRange(first, count, size, arity);
        const { rows } = layout(leavesRows(leaves, steps, head), 9000);
        const shown = rows.slice(1).flatMap((row) => row.cells);
        const drawn = steps.filter(({ level, children }) => level === 0 || children.length > 1);
        const expected = drawn.reduce((sum, { children }) => sum + children.length, 0);
        const names = `${first} and ${count} of ${size}, N = ${arity}`;
        assert.ok(shown.length >= expected, names);
        assert.equal(shown.filter(({ kind }) => kind === "path leaf").length, size > 1 ? count : 0);
        for (const [at, row] of rows.entries()) {
          assert.equal(row.edges.length, at === 0 ? 0 : row.cells.length, names);
          for (const { to } of row.edges) {
            const above = rows[at - 1].cells;
            const stem = above.find(({ x, width }) => x + width / 2 === to.x);
            assert.match(stem.kind, /root|path/, names);
          }
        }
      }
    }
  }
});

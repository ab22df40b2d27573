// The rows of a drawing from the steps of a verified proof.

import { whole } from "./format.js";
import { formatRoute } from "./route.js";

/** A run of levels on which a node is lifted takes one row. */
function withoutLiftedRuns(steps, isLifted) {
  const runs = [];
  for (const step of steps) {
    const run = runs.at(-1);
    if (isLifted(step) && run !== undefined && isLifted(run.first)) {
      run.last = step;
    } else {
      runs.push({ first: step, last: step });
    }
  }
  return runs;
}

function levels({ first, last }, isLifted) {
  const name = first === last ? `level ${first.level}` : `levels ${first.level} to ${last.level}`;
  return isLifted(first) ? `${name} · lifted` : name;
}

function rootRow(hash, size) {
  const title = `Root of ${whole(size)} leaves`;
  return { label: `root of ${whole(size)} leaves`, cells: [{ kind: "root", hash, title }] };
}

/** The groups on the path of a leaf, the root's row first. */
export function inclusionRows(leaf, steps, head, at) {
  const isLifted = (step) => step.length === 1;
  const runs = withoutLiftedRuns(steps, isLifted);
  const rows = runs.map((run, place) => {
    const { level, start, children, position } = run.first;
    const cells = children.map((hash, child) => {
      const index = start + BigInt(child);
      const isOnPath = child === position;
      const name = level === 0 ? `Leaf ${whole(index)}` : `Node ${whole(index)} of level ${level}`;
      return {
        kind: isOnPath ? (level === 0 ? "path leaf" : "path") : "sibling",
        hash,
        title: isOnPath && level > 0 ? `${name}, computed` : name,
        href: level === 0 && !isOnPath ? formatRoute({ leaf: index, at }) : undefined,
      };
    });
    const stem = runs[place + 1]?.first.position ?? 0;
    return { label: levels(run, isLifted), cells, stem, focus: position };
  });
  if (rows.length === 0) {
    return [rootRow(leaf, head.size)];
  }
  return [rootRow(head.root, head.size), ...rows.reverse()];
}

/** The groups along the boundary between old and new leaves, the root's row first. */
export function growthRows(steps, head) {
  const isLifted = (step) => step.length === 1;
  const runs = withoutLiftedRuns(steps, isLifted);
  const rows = runs.map((run, place) => {
    const { level, start, position, isStraddled, left, grown, right } = run.first;
    const between = isStraddled ? [grown] : [];
    const cells = [...left, ...between, ...right].map((hash, child) => {
      const isGrown = isStraddled && child === position;
      const kind = child < position ? "kept" : isGrown ? "grown" : "new";
      const title = `${WORDS[kind]} ${whole(start + BigInt(child))} of level ${level}`;
      return { kind, hash, title };
    });
    return {
      label: levels(run, isLifted),
      cells,
      stem: runs[place + 1]?.first.position ?? 0,
      focus: position,
    };
  });
  return [rootRow(head.root, head.size), ...rows.reverse()];
}

/** The groups above several leaves, the root's row first. Levels that only lift take no row. */
export function leavesRows(leaves, steps, head) {
  const rows = [rootRow(head.root, head.size)];
  const named = new Set(leaves.map(({ index }) => index));
  // By its index, the place in the row above of each node that has one of the leaves below it.
  let above = new Map([[0n, 0]]);
  for (let level = steps.at(-1)?.level ?? -1; level >= 0; level -= 1) {
    const groups = steps.filter((step) => step.level === level);
    if (level > 0 && groups.every(({ children }) => children.length === 1)) {
      above = new Map(groups.map((group) => [group.start, above.get(group.above)]));
      continue;
    }
    const entered = level === 0 ? named : new Set(below(steps, level).map((step) => step.above));
    const cells = groups.flatMap(({ start, children, above: node }) =>
      children.map((hash, child) => {
        const index = start + BigInt(child);
        const isOnPath = entered.has(index);
        const name = level === 0 ? "Leaf" : `Level ${level}, node`;
        const kind = isOnPath ? (level === 0 ? "path leaf" : "path") : "sibling";
        const href = level === 0 ? formatRoute({ leaf: index, at: head.size }) : undefined;
        const title = `${name} ${whole(index)}`;
        return { kind, hash, index, title, href, stem: above.get(node) };
      }),
    );
    const focus = cells.findIndex((cell) => cell.kind !== "sibling");
    rows.push({ label: `level ${level}`, cells, focus });
    above = new Map(cells.map((cell, place) => [cell.index, place]));
  }
  return rows;
}

function below(steps, level) {
  return steps.filter((step) => step.level === level - 1);
}

const WORDS = {
  kept: "Old node",
  grown: "Node over old and new leaves,",
  new: "New node",
};

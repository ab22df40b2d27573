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

const WORDS = {
  kept: "Old node",
  grown: "Node over old and new leaves,",
  new: "New node",
};

// The path of a leaf to the root: its group on each level. Levels and groups follow from index,
// size and N alone, and so does the number of siblings of a proof.

import { Refusal } from "./refusal.js";

/**
 * The groups from the leaves up: `start` is the index of the group's first node on its level,
 * `length` its number of nodes, and the node of the path stands at `position`. A group of one node
 * is lifted: the node is its own parent, and nothing is hashed.
 */
export function path(index, size, arity) {
  if (index >= size) {
    throw new Refusal(`a tree of ${size} leaves has no leaf ${index}`);
  }
  const n = BigInt(arity);
  const groups = [];
  for (let last = size - 1n; last > 0n; last /= n, index /= n) {
    const position = index % n;
    const start = index - position;
    const behind = last - start;
    groups.push({
      level: groups.length,
      start,
      length: Number(behind < n ? behind + 1n : n),
      position: Number(position),
    });
  }
  return groups;
}

/** The number of levels between the leaves and the root of a tree. */
export function depth(size, arity) {
  return size === 0n ? 0 : path(0n, size, arity).length;
}

/** The parent of one to N children: their hash, or the only one lifted. */
export function parent(hasher, children) {
  return children.length === 1 ? children[0] : hasher.hash(children);
}

// A consistency proof: a tree only grew from one head to another.
//
// The walk along the boundary between old and new leaves is that of
// crates/lean-imt/src/proof/growth.rs, which draws it.

import { depth, parent } from "./path.js";
import { Reader } from "./reader.js";
import { Refusal } from "./refusal.js";

/**
 * The boundary groups of growth, from the lowest level on which old and new leaves share a group.
 * `left` nodes are complete in the old tree, `right` nodes stand behind the boundary, and above the
 * lowest level a straddler between them has both old and new leaves.
 */
export function boundary(oldSize, newSize, arity) {
  if (newSize < oldSize) {
    throw new Refusal(`a tree does not shrink from ${oldSize} to ${newSize} leaves`);
  }
  if (oldSize === 0n || oldSize === newSize) {
    return [];
  }
  const n = BigInt(arity);
  let [level, complete, length] = [0, oldSize, newSize];
  const ascend = () => {
    level += 1;
    complete /= n;
    length = (length + n - 1n) / n;
  };
  while (complete % n === 0n) {
    ascend();
  }
  const groups = [];
  for (; length > 1n; ascend()) {
    const left = complete % n;
    const start = complete - left;
    const whole = length - start < n ? length - start : n;
    const straddled = groups.length > 0;
    groups.push({
      level,
      start,
      left: Number(left),
      straddled,
      right: Number(whole - left) - (straddled ? 1 : 0),
    });
  }
  return groups;
}

/** Decodes a proof about a tree with this N. Its shape fits the sizes, or it is refused. */
export function decodeConsistency(bytes, arity) {
  const reader = Reader.header(bytes, "consistency proof", arity);
  const oldSize = reader.number();
  const newSize = reader.number();
  const groups = boundary(oldSize, newSize, arity).map((group) => ({
    ...group,
    leftHashes: reader.hashes(group.left),
    rightHashes: reader.hashes(group.right),
  }));
  reader.finish();
  return { arity, oldSize, newSize, groups };
}

/**
 * Verifies that the tree with the head `old` grew into the tree with the head `head`. Both come
 * from sources that the caller trusts, or the proof carries the trust in `old` over to `head`.
 *
 * The steps of the walk, for drawing: each group with the straddlers `oldNode` and `newNode` in it.
 */
export async function verifyConsistency(proof, hasher, old, head) {
  hasher.expectArity(proof.arity);
  old.check(hasher);
  head.check(hasher);
  old.expectSize(proof.oldSize);
  head.expectSize(proof.newSize);
  if (proof.oldSize === proof.newSize) {
    head.expectRoot(old.root);
  }
  if (proof.groups.length === 0) {
    return [];
  }
  const hashes = proof.groups.flatMap((group) => [...group.leftHashes, ...group.rightHashes]);
  if (!hashes.every((hash) => hasher.accepts(hash))) {
    throw new Refusal("the proof has a hash that is no input of the hash function");
  }
  const oldDepth = depth(proof.oldSize, proof.arity);
  const steps = [];
  let [oldNode, newNode] = [];
  for (const group of proof.groups) {
    const { level, straddled, leftHashes, rightHashes } = group;
    steps.push({ ...group, oldNode, newNode });
    // At or above the old root there is no old parent. An old root that is a complete node is the
    // one left node of the lowest level, and lifting carries it up.
    if (level < oldDepth || !straddled) {
      oldNode = await parent(hasher, straddled ? [...leftHashes, oldNode] : leftHashes);
    }
    const between = straddled ? [newNode] : [];
    newNode = await parent(hasher, [...leftHashes, ...between, ...rightHashes]);
  }
  old.expectRoot(oldNode);
  head.expectRoot(newNode);
  return steps;
}

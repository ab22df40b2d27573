// An inclusion proof: a leaf stands at an index of the tree with a head.

import { equalBytes } from "./hex.js";
import { parent, path } from "./path.js";
import { Reader } from "./reader.js";
import { Refusal } from "./refusal.js";

/** Decodes a proof about a tree with this N. Its shape fits index and size, or it is refused. */
export function decodeInclusion(bytes, arity) {
  const reader = Reader.header(bytes, "inclusion proof", arity);
  const size = reader.number();
  const index = reader.number();
  const groups = path(index, size, arity);
  const leaf = reader.hash();
  const siblings = groups.map((group) => reader.hashes(group.length - 1));
  reader.finish();
  return { arity, size, index, leaf, groups, siblings };
}

/**
 * Verifies a decoded proof against a head from a source that the caller trusts. `wanted` has the
 * `index` or the `leaf` that was asked for, or both.
 *
 * The steps from the leaf to the root, for drawing: each group with its `children` and `parent`.
 */
export async function verifyInclusion(proof, hasher, head, wanted = {}) {
  hasher.expectArity(proof.arity);
  head.check(hasher);
  if (wanted.index !== undefined && wanted.index !== proof.index) {
    throw new Refusal(`the proof is for leaf ${proof.index}, not for leaf ${wanted.index}`);
  }
  if (wanted.leaf !== undefined && !equalBytes(wanted.leaf, proof.leaf)) {
    throw new Refusal("the proof is for another leaf");
  }
  head.expectSize(proof.size);
  const hashes = [proof.leaf, ...proof.siblings.flat()];
  if (!hashes.every((hash) => hasher.accepts(hash))) {
    throw new Refusal("the proof has a hash that is no input of the hash function");
  }
  const steps = [];
  let node = proof.leaf;
  for (const [level, group] of proof.groups.entries()) {
    const children = proof.siblings[level].toSpliced(group.position, 0, node);
    node = await parent(hasher, children);
    steps.push({ ...group, children, parent: node });
  }
  head.expectRoot(node);
  return steps;
}

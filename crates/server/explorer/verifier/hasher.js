// Hash functions of nodes, by the names that `rotortree` gives them.

import { Refusal } from "./refusal.js";

/** A hash function over groups of children. */
export class Hasher {
  #maxArity;
  #hash;
  #accepts;

  /**
   * `hash` takes an array of children. `accepts` says whether 32 bytes from outside are an input
   * of the function. `by` names the code that computes it.
   */
  constructor({ name, by, hash, maxArity = Infinity, accepts = () => true }) {
    this.name = name;
    this.by = by;
    this.#hash = hash;
    this.#maxArity = maxArity;
    this.#accepts = accepts;
  }

  hash(children) {
    return this.#hash(children);
  }

  accepts(hash) {
    return this.#accepts(hash);
  }

  /** Whether the function hashes groups of up to so many children. */
  takes(arity) {
    return arity >= 2 && arity <= this.#maxArity;
  }

  expectArity(arity) {
    if (!this.takes(arity)) {
      throw new Refusal(`${this.name} does not hash groups of ${arity}`);
    }
  }
}

export function concatenated(parts) {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

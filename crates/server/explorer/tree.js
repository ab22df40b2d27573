// What tree this is: N and hash function. The function is known by its fingerprint, which the page
// computes, so that a wrong name does not matter.

import { fingerprint } from "./verifier/fingerprint.js";
import { hasherByName, NAMES } from "./verifier/functions.js";
import { equalBytes, hashFromHex, Refused, takes, u64 } from "./verifier/rotortree-verify.mjs";

export class Tree {
  #hasher;

  /** `hasher` is missing where this page does not compute the function. */
  constructor({ arity, hash, hasher }) {
    this.arity = arity;
    this.hash = hash;
    this.#hasher = hasher;
  }

  static async of(info) {
    const arity = Number(u64(info.arity, "N"));
    const wanted = hashFromHex(info.fingerprint, "the fingerprint of the hash function");
    const named = NAMES.filter((name) => name === info.hash);
    for (const name of [...named, ...NAMES.filter((name) => name !== info.hash)]) {
      const hasher = await hasherByName(name);
      if (takes(hasher, arity) && equalBytes(await fingerprint(hasher, arity), wanted)) {
        return new Tree({ arity, hash: name, hasher });
      }
    }
    return new Tree({ arity, hash: info.hash });
  }

  get isVerifiable() {
    return this.#hasher !== undefined;
  }

  get hasher() {
    if (!this.isVerifiable) {
      throw new Refused(`this page does not compute the tree's hash function, ${this.hash}`);
    }
    return this.#hasher;
  }

  isLike({ arity, hash }) {
    return this.arity === arity && this.hash === hash;
  }
}

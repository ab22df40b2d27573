// The table of hash functions. Code for one is loaded when a proof first wants it.

import { Lazy } from "./lazy.js";
import { concatenated, HASHES, overSha256, Refused } from "./rotortree-verify.mjs";

const NOBLE = "../../vendor/noble-hashes";

const FUNCTIONS = {
  blake3: async () => noble("blake3", (await import(`${NOBLE}/blake3.js`)).blake3),
  keccak256: async () => noble("keccak256", (await import(`${NOBLE}/sha3.js`)).keccak_256),
  sha256: () => sha256("sha256"),
  rfc6962: () => sha256("rfc6962"),
  poseidon: async () => (await import("./poseidon.js")).poseidon("poseidon", "big"),
  "poseidon-le": async () => (await import("./poseidon.js")).poseidon("poseidon-le", "little"),
};

/** The names of the functions that this page computes. */
export const NAMES = Object.keys(FUNCTIONS);

const loaded = new Lazy();

/** The hash function of this name: one of the verifier, with its `name`, and `by` whose code. */
export function hasherByName(name) {
  if (!Object.hasOwn(FUNCTIONS, name)) {
    throw new Refused(`this page does not compute the hash function ${name}`);
  }
  return loaded.get(name, FUNCTIONS[name]);
}

function noble(name, digest) {
  return { name, by: "@noble/hashes", hash: (children) => digest(concatenated(children)) };
}

/** A function over SHA-256: the browser's own, which a page over plain HTTP does not have. */
async function sha256(name) {
  if (globalThis.crypto?.subtle !== undefined) {
    return { name, by: "WebCrypto", ...HASHES[name] };
  }
  const digest = (await import(`${NOBLE}/sha2.js`)).sha256;
  return { name, by: "@noble/hashes", ...overSha256(digest)[name] };
}

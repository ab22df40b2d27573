// The table of hash functions. Code for one is loaded when a proof first wants it.

import { concatenated, Hasher } from "./hasher.js";
import { Lazy } from "./lazy.js";
import { Refusal } from "./refusal.js";

const NOBLE = "../../vendor/noble-hashes";
/** In front of the children of a node, RFC 6962, section 2.1. */
const RFC6962_NODE = Uint8Array.of(1);

const FUNCTIONS = {
  blake3: async () => noble("blake3", (await import(`${NOBLE}/blake3.js`)).blake3),
  keccak256: async () => noble("keccak256", (await import(`${NOBLE}/sha3.js`)).keccak_256),
  sha256: async () => sha256({ name: "sha256" }),
  rfc6962: async () => sha256({ name: "rfc6962", maxArity: 2 }, [RFC6962_NODE]),
  poseidon: async () => (await import("./poseidon.js")).poseidon("poseidon", "big"),
  "poseidon-le": async () => (await import("./poseidon.js")).poseidon("poseidon-le", "little"),
};

/** The names of the functions that this page computes. */
export const NAMES = Object.keys(FUNCTIONS);

const loaded = new Lazy();

/** The hash function of this name. */
export function hasherByName(name) {
  if (!Object.hasOwn(FUNCTIONS, name)) {
    throw new Refusal(`this page does not compute the hash function ${name}`);
  }
  return loaded.get(name, FUNCTIONS[name]);
}

function noble(name, digest) {
  return new Hasher({
    name,
    by: "@noble/hashes",
    hash: (children) => digest(concatenated(children)),
  });
}

/** SHA-256 behind a prefix: the browser's own, which a page over plain HTTP does not have. */
async function sha256(options, prefix = []) {
  const subtle = globalThis.crypto?.subtle;
  if (subtle !== undefined) {
    const hash = async (children) =>
      new Uint8Array(await subtle.digest("SHA-256", concatenated([...prefix, ...children])));
    return new Hasher({ ...options, by: "WebCrypto", hash });
  }
  const digest = (await import(`${NOBLE}/sha2.js`)).sha256;
  const hash = (children) => digest(concatenated([...prefix, ...children]));
  return new Hasher({ ...options, by: "@noble/hashes", hash });
}

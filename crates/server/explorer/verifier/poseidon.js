// Poseidon over BN254, as circomlib has it: numbers below the order of the field, in bytes of
// either order.

import { load } from "./commonjs.js";
import { Lazy } from "./lazy.js";
import { hexFromBytes } from "./rotortree-verify.mjs";

const PACKAGE = "../../vendor/poseidon-lite";
const ORDER = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;

/** The widest group that a tree of this project hashes with Poseidon. */
const MAX_ARITY = 12;

/** The round constants and the matrix, by the number of children. */
const constants = new Lazy();

async function readConstants(count) {
  const unstringify = await load(new URL(`${PACKAGE}/poseidon/unstringify.js`, import.meta.url));
  const strings = await load(new URL(`${PACKAGE}/constants/${count}.js`, import.meta.url));
  return unstringify.default(strings.default);
}

/** `order` is the order of the bytes of a number: `big` or `little`. */
export async function poseidon(name, order) {
  const permute = await load(new URL(`${PACKAGE}/poseidon/index.js`, import.meta.url));
  const turned = (bytes) => (order === "big" ? bytes : bytes.toReversed());
  const number = (bytes) => BigInt(hexFromBytes(turned(bytes)));
  const bytes = (value) => {
    const digits = value.toString(16).padStart(64, "0");
    const big = Uint8Array.from(digits.match(/../g), (pair) => parseInt(pair, 16));
    return turned(big);
  };
  return {
    name,
    by: "poseidon-lite",
    maxArity: MAX_ARITY,
    // `permute` takes x + p for x. Two encodings of one number would be two leaves with one proof.
    accepts: (hash) => number(hash) < ORDER,
    hash: async (children) => {
      const count = children.length;
      const parameters = await constants.get(count, () => readConstants(count));
      return bytes(permute(children.map(number), parameters));
    },
  };
}

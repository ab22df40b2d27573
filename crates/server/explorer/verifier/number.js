// Sizes and indices are integers of 64 bits, so they are BigInts everywhere.

import { Refusal } from "./refusal.js";

const LIMIT = 1n << 64n;

/** The number that a JSON number, a string or a BigInt has; decimal, without leading zeros. */
export function u64(value, what) {
  const text = String(value);
  if (!/^(0|[1-9][0-9]*)$/.test(text) || text.length > 20 || BigInt(text) >= LIMIT) {
    throw new Refusal(`${what} is not a whole number below 2^64`);
  }
  if (typeof value === "number" && !Number.isSafeInteger(value)) {
    throw new Refusal(`${what} has lost digits on its way`);
  }
  return BigInt(text);
}

/**
 * JSON in which numbers beyond 2^53 keep their digits: they become strings, which [`u64`] reads.
 * Strings are matched first, so digits inside of one stay as they are.
 */
export function parseJson(text) {
  const kept = (token) => (/^[0-9]{16,}$/.test(token) ? `"${token}"` : token);
  return JSON.parse(text.replace(/"(?:[^"\\]|\\.)*"|[-+.0-9eE]+/g, kept));
}

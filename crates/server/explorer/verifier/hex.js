// Hashes are 32 bytes, written as `0x` and 64 lower-case hex digits.

import { Refusal } from "./refusal.js";

export const HASH_BYTES = 32;

/** The bytes of pairs of hex digits, with or without `0x`. */
export function bytesFromHex(text, what = "the text") {
  const digits = text.replace(/^0x/i, "");
  if (digits.length % 2 !== 0 || /[^0-9a-f]/i.test(digits)) {
    throw new Refusal(`${what} is not pairs of hex digits`);
  }
  return Uint8Array.from({ length: digits.length / 2 }, (_, at) =>
    parseInt(digits.slice(2 * at, 2 * at + 2), 16),
  );
}

export function hexFromBytes(bytes) {
  return `0x${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

/** The bytes of a hash: exactly 64 hex digits, with or without `0x`. */
export function hashFromHex(text, what = "the hash") {
  if (!/^(0x)?[0-9a-f]{64}$/i.test(text)) {
    throw new Refusal(`${what} is not 64 hex digits`);
  }
  return bytesFromHex(text, what);
}

export function equalBytes(one, other) {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

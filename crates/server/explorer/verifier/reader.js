// Reads the canonical encoding of a proof from front to back: docs/format/proofs.md draws it.

import { HASH_BYTES } from "./hex.js";
import { Refusal } from "./refusal.js";

const KINDS = [
  ,
  "head",
  "frontier",
  "inclusion proof",
  "consistency proof",
  "multiproof",
  "range proof",
  "catch-up proof",
];
const VERSION = 1;
const LARGEST = (1n << 64n) - 1n;

export class Reader {
  #bytes;
  #at = 0;

  constructor(bytes) {
    this.#bytes = bytes;
  }

  /** A reader behind the header, which must be of this kind and this N. */
  static header(bytes, kind, arity) {
    const found = peek(bytes);
    if (found.kind !== kind) {
      throw new Refusal(`the bytes are a ${found.kind}, not a ${kind}`);
    }
    if (found.arity !== BigInt(arity)) {
      throw new Refusal(`the proof is about trees with N = ${found.arity}, not ${arity}`);
    }
    return found.reader;
  }

  byte() {
    if (this.#at >= this.#bytes.length) {
      throw new Refusal("the bytes of the proof end too early");
    }
    return this.#bytes[this.#at++];
  }

  /** A varint of up to 64 bits in its shortest form. */
  number() {
    let number = 0n;
    for (let shift = 0n; shift < 64n; shift += 7n) {
      const byte = this.byte();
      number |= BigInt(byte & 0x7f) << shift;
      if (number > LARGEST || (byte === 0 && shift > 0n)) {
        break;
      }
      if (byte < 0x80) {
        return number;
      }
    }
    throw new Refusal("a number of the proof is not in its shortest form or too large");
  }

  hash() {
    return this.hashes(1)[0];
  }

  hashes(count) {
    if (count * HASH_BYTES > this.#bytes.length - this.#at) {
      throw new Refusal("the bytes of the proof end too early");
    }
    return Array.from({ length: count }, () => {
      this.#at += HASH_BYTES;
      return this.#bytes.slice(this.#at - HASH_BYTES, this.#at);
    });
  }

  finish() {
    const rest = this.#bytes.length - this.#at;
    if (rest > 0) {
      throw new Refusal(`${rest} bytes follow the end of the proof`);
    }
  }
}

/** Kind and N of an encoding, with a reader behind them. */
export function peek(bytes) {
  const reader = new Reader(bytes);
  const [kind, version] = [reader.byte(), reader.byte()];
  if (!KINDS[kind]) {
    throw new Refusal("the bytes are not an encoding of a proof");
  }
  if (version !== VERSION) {
    throw new Refusal(`the encoding has version ${version}; this page reads version ${VERSION}`);
  }
  return { kind: KINDS[kind], arity: reader.number(), reader };
}

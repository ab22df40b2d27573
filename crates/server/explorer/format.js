// Numbers and hashes for readers.

import { hexFromBytes } from "./verifier/rotortree-verify.mjs";

const WHOLE = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const SHORT = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const FINE = new Intl.NumberFormat("en", { maximumSignificantDigits: 2 });

export function whole(number) {
  return WHOLE.format(number);
}

/** A number for the axis of a chart. */
export function compact(number) {
  return Math.abs(number) < 10000 ? WHOLE.format(number) : SHORT.format(number);
}

/** Leaves in a second. */
export function rate(number) {
  return number > 0 && number < 10 ? FINE.format(number) : WHOLE.format(number);
}

export function count(number, one, many = `${one}s`) {
  return `${whole(number)} ${number === 1 || number === 1n ? one : many}`;
}

/** A time of a few seconds or minutes. */
export function duration(seconds) {
  return seconds < 120 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;
}

/** The first and last digits of a hash, without 0x. */
export function shortHash(bytes, digits = 4) {
  const text = hexFromBytes(bytes).slice(2);
  return `${text.slice(0, digits)}…${text.slice(-digits)}`;
}

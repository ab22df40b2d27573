// Indices as a reader writes them: numbers and runs, like `0, 17, 998..1001`.

import { Refused, u64 } from "./verifier/rotortree-verify.mjs";

/** The indices from the left, each once. A run ends in front of its second number. */
export function parseIndices(text, most) {
  const indices = new Set();
  for (const part of text.split(/[\s,]+/).filter(Boolean)) {
    const [first, end, ...others] = part.split("..").map((number) => u64(number, `“${part}”`));
    const behind = end ?? first + 1n;
    if (others.length > 0 || behind <= first) {
      throw new Refused(`“${part}” is neither an index nor a run like 5..9`);
    }
    for (let index = first; index < behind; index += 1n) {
      indices.add(index);
      if (indices.size > most) {
        throw new Refused(`the server proves at most ${most} leaves at once`);
      }
    }
  }
  if (indices.size === 0) {
    throw new Refused("no index is given");
  }
  return [...indices].sort((one, other) => (one < other ? -1 : 1));
}

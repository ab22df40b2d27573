// A proof as it is sent: the JSON of the command and the server, or the canonical bytes in hex.

import { decodeConsistency } from "./consistency.js";
import { bytesFromHex } from "./hex.js";
import { decodeInclusion } from "./inclusion.js";
import { parseJson } from "./number.js";
import { peek } from "./reader.js";
import { Refusal } from "./refusal.js";

/** The canonical bytes in a text. Of a document only `proof` counts. */
export function proofBytes(text) {
  const trimmed = text.trim();
  if (!trimmed.startsWith("{")) {
    return bytesFromHex(trimmed.replaceAll(/\s/g, ""), "the proof");
  }
  let document;
  try {
    document = parseJson(trimmed);
  } catch {
    throw new Refusal("the text starts like JSON and is none");
  }
  return bytesOf(document);
}

/** The canonical bytes of a document. */
export function bytesOf(document) {
  if (typeof document?.proof !== "string") {
    throw new Refusal("the document has no `proof` with the bytes in hex");
  }
  return bytesFromHex(document.proof, "`proof`");
}

/** A decoded proof about trees with this N: `inclusion` or `consistency` has it. */
export function decode(bytes, arity) {
  const { kind } = peek(bytes);
  switch (kind) {
    case "inclusion proof":
      return { inclusion: decodeInclusion(bytes, arity) };
    case "consistency proof":
      return { consistency: decodeConsistency(bytes, arity) };
    default:
      throw new Refusal(`this page does not verify a ${kind}; \`rotortree verify\` does`);
  }
}

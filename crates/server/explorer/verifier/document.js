// A proof as it is sent: the JSON of the command and the server, or the canonical bytes in hex.

import { bytesFromHex, parseJson, Refused } from "./rotortree-verify.mjs";

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
    throw new Refused("the text starts like JSON and is none");
  }
  return bytesOf(document);
}

/** The canonical bytes of a document. */
export function bytesOf(document) {
  if (typeof document?.proof !== "string") {
    throw new Refused("the document has no `proof` with the bytes in hex");
  }
  return bytesFromHex(document.proof, "`proof`");
}

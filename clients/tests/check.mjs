// Reads a check from each line and prints the verdict of the verifier in JavaScript; check.py has
// the forms of the lines. Here there are two more, for several leaves at once and for growth with
// the leaves that came:
//
//     leaves HASH ARITY HEAD PROOF               prints INDEX LEAF for each leaf, or `refused`
//     catch-up HASH ARITY OLD NEW PROOF          the same

import { createHash } from "node:crypto";
import { createInterface } from "node:readline";
import * as verifier from "../javascript/rotortree-verify.mjs";

const { Head, Refused, bytesFromHex, hexFromBytes, overSha256 } = verifier;

// WebCrypto, with which the client is tested, goes to another thread for each hash.
const HASHES = overSha256((bytes) => new Uint8Array(createHash("sha256").update(bytes).digest()));

const show = ({ index, leaf }) => `${index} ${hexFromBytes(leaf).slice(2)}`;

const VERDICTS = {
  inclusion: async (...claim) => show(await verifier.verifyInclusion(...claim)),
  consistency: async (...claim) => (await verifier.verifyConsistency(...claim), "grew"),
  leaves: async (...claim) => (await verifier.verifyLeaves(...claim)).map(show).join(" "),
  "catch-up": async (...claim) => (await verifier.verifyCatchUp(...claim)).map(show).join(" "),
};

async function verdict([kind, name, arity, ...rest]) {
  const proof = bytesFromHex(rest.pop());
  return VERDICTS[kind](proof, Number(arity), HASHES[name], ...rest.map(Head.parse));
}

for await (const line of createInterface({ input: process.stdin })) {
  try {
    console.log(await verdict(line.split(" ")));
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    console.log("refused");
  }
}

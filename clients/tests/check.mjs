// Reads a check from each line and prints the verdict of the verifier in JavaScript; check.py has
// the forms of the lines.

import { createHash } from "node:crypto";
import { createInterface } from "node:readline";
import * as verifier from "../javascript/rotortree-verify.mjs";

const { Head, Refused, bytesFromHex, hexFromBytes, overSha256 } = verifier;

// WebCrypto, with which the client is tested, goes to another thread for each hash.
const HASHES = overSha256((bytes) => new Uint8Array(createHash("sha256").update(bytes).digest()));

const show = ({ index, leaf }) => `${index} ${hexFromBytes(leaf).slice(2)}`;

const showAll = ({ leaves }) => leaves.map(show).join(" ");

const VERDICTS = {
  inclusion: async (...claim) => show(await verifier.verifyInclusion(...claim)),
  consistency: async (...claim) => (await verifier.verifyConsistency(...claim), "grew"),
  leaves: async (...claim) => showAll(await verifier.verifyLeaves(...claim)),
  "catch-up": async (...claim) => showAll(await verifier.verifyCatchUp(...claim)),
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

// Trees that the command `rotortree` makes, as the other side of the verifier.

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { bytesFromHex, Head, parseJson } from "../verifier/rotortree-verify.mjs";

export const COMMAND = process.env.ROTORTREE;

/** Functions and N of the command. */
export const SHAPES = [
  ...["blake3", "sha256", "keccak256"].flatMap((hash) =>
    [2, 3, 4, 8, 16].map((arity) => ({ hash, arity })),
  ),
  { hash: "rfc6962", arity: 2 },
  ...[2, 3, 4, 8].map((arity) => ({ hash: "poseidon", arity })),
  // The same function over the same numbers, in bytes the other way round.
  ...[2, 8].map((arity) => ({ hash: "poseidon-le", arity })),
];

/** Leaves that every function takes: small from both ends. */
export function leaf(index) {
  const bytes = createHash("sha256").update(`leaf ${index}`).digest();
  bytes[0] = bytes[31] = 0;
  return new Uint8Array(bytes);
}

/** Runs the command; the documents that it prints, one a line. */
async function run(words) {
  if (COMMAND === undefined) {
    throw new Error("ROTORTREE names no command; `cargo xtask explorer` sets it");
  }
  const { stdout } = await promisify(execFile)(COMMAND, [...words, "--json"]);
  return stdout.trim().split("\n").map(parseJson);
}

async function proofOf(words) {
  const [document] = await run(words);
  return bytesFromHex(document.proof);
}

/** A tree on disk, until it is removed. */
export class Tree {
  static async create({ hash, arity }, leaves) {
    const folder = await mkdtemp(join(tmpdir(), "rotortree-explorer-"));
    const tree = new Tree();
    Object.assign(tree, { hash, arity, folder, place: join(folder, "tree") });
    const records = Array.from({ length: leaves }, (_, index) => leaf(index));
    const input = join(folder, "leaves");
    await writeFile(input, Buffer.concat(records));
    const shape = ["--create", "--hash", hash, "--arity", String(arity)];
    await run(["append", tree.place, input, "--form", "raw", ...shape]);
    return tree;
  }

  remove() {
    return rm(this.folder, { recursive: true, force: true });
  }

  /** The bytes of a proof for each of the indices, and the head that they were made for. */
  async proofs(indices, size) {
    const words = ["prove-many", this.place, ...indices.map(String), "--at", String(size)];
    const documents = await run(words);
    return {
      head: Head.parse(documents[0].head),
      proofs: documents.map((document) => bytesFromHex(document.proof)),
    };
  }

  /** The bytes of one proof of all leaves: a range proof of a run, else a multiproof. */
  proofOfAll(indices, size) {
    const words = ["prove-many", this.place, ...indices.map(String), "--at", String(size), "--one"];
    return proofOf(words);
  }

  /** The bytes of a proof of growth. */
  consistency(oldSize, newSize) {
    return proofOf(["consistency", this.place, String(oldSize), String(newSize)]);
  }

  /** The bytes of a proof of growth with the leaves that came. */
  catchUp(oldSize, newSize) {
    return proofOf(["consistency", this.place, String(oldSize), String(newSize), "--leaves"]);
  }
}

/** Sizes around the boundaries of a tree with this N, up to a little above N^2. */
export function sizes(arity) {
  const square = arity * arity;
  const all = [1, 2, arity - 1, arity, arity + 1, 2 * arity + 1, square - 1, square, square + 2];
  return [...new Set(all)].sort((one, other) => one - other);
}

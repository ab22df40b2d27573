// The head that the reader trusts, kept in this browser, and what links other heads to it.

import { bytesOf } from "./verifier/document.js";
import { Head, Refused, verifyConsistency } from "./verifier/rotortree-verify.mjs";

const KEY = "rotortree-trusted-head";

/** Why the trust in a head is what it is. */
export const PINNED = "pinned";
export const LINKED = "linked";
export const TOLD = "told";

export class Trust {
  #server;
  #tree;
  #pinned;

  constructor(server, tree) {
    this.#server = server;
    this.#tree = tree;
    this.#pinned = restore();
  }

  /** The trusted head, if there is one. */
  get head() {
    return this.#pinned?.head;
  }

  /** The trusted head for proofs from anywhere. The server's tree is like the one it is of. */
  get headOfTree() {
    if (this.#pinned !== undefined) {
      this.#expectTree(this.#pinned);
    }
    return this.head;
  }

  pin(head) {
    if (head.size === 0n) {
      throw new Refused("every tree grows from one without leaves, so that its head tells nothing");
    }
    if (this.#tree.isVerifiable) {
      head.check(this.#tree.hasher);
    }
    const { arity, hash } = this.#tree;
    this.#pinned = { head, arity, hash };
    store({ head: String(head), arity, hash });
  }

  forget() {
    this.#pinned = undefined;
    store(undefined);
  }

  /**
   * What a head that the server tells is worth: `pinned` is the trusted head itself, `linked` is
   * one that a verified consistency proof links to it, and `told` is one of which no head is
   * trusted to tell. A head that contradicts the trusted one is refused.
   */
  async link(head) {
    // The reader may change the trusted head meanwhile: a proof holds for the one it was made for.
    const pinned = this.#pinned;
    if (pinned === undefined) {
      return TOLD;
    }
    this.#expectTree(pinned);
    if (head.size === pinned.head.size) {
      if (!head.equals(pinned.head)) {
        throw new Refused(`the server tells another root of ${head.size} leaves`);
      }
      return PINNED;
    }
    if (!pinned.linked?.equals(head)) {
      const isGrown = head.size > pinned.head.size;
      const [old, grown] = isGrown ? [pinned.head, head] : [head, pinned.head];
      const proof = bytesOf(await this.#server.consistency(old.size, grown.size));
      await verifyConsistency(proof, this.#tree.arity, this.#tree.hasher, old, grown);
      pinned.linked = head;
    }
    return LINKED;
  }

  /**
   * A proof counts for a head with the head's own N and hash function alone: with another N an
   * inner node of the tree can stand where a leaf does.
   */
  #expectTree({ arity, hash }) {
    if (!this.#tree.isLike({ arity, hash })) {
      throw new Refused(`the trusted head is of a tree with ${hash} and N = ${arity}`);
    }
  }
}

function restore() {
  try {
    const { head, arity, hash } = JSON.parse(localStorage.getItem(KEY));
    return { head: Head.parse(head), arity, hash };
  } catch {
    // Nothing is stored, it is damaged, or this browser keeps nothing.
    return undefined;
  }
}

function store(value) {
  try {
    if (value === undefined) {
      localStorage.removeItem(KEY);
    } else {
      localStorage.setItem(KEY, JSON.stringify(value));
    }
  } catch {
    // The head is trusted until the page is closed.
  }
}

// The server that this page comes from. Answers are claims until the verifier has checked them.

import { Head, parseJson, u64 } from "./verifier/rotortree-verify.mjs";

/** The root of the server's paths, also behind a proxy that puts something in front. */
const BASE = new URL("../../", import.meta.url);

/** The time until a stream that the server has refused is asked for again. */
const RETRY_MILLISECONDS = 5000;

/** An answer that is an error, or none at all. */
export class ServerError extends Error {
  name = "ServerError";

  constructor(message, { code, next } = {}) {
    super(message);
    this.code = code;
    this.next = next ?? undefined;
  }
}

async function ask(path, request = {}) {
  let response;
  try {
    // An answer that a cache kept may be that of another tree at this address.
    response = await fetch(new URL(path, BASE), { ...request, cache: "no-store" });
  } catch {
    throw new ServerError("the server does not answer", { code: "unreachable" });
  }
  let document;
  try {
    document = parseJson(await response.text());
  } catch {
    throw new ServerError(`the server's answer (status ${response.status}) is no JSON`);
  }
  if (!response.ok) {
    const error = document?.error ?? {};
    throw new ServerError(error.message ?? `the server answers with ${response.status}`, error);
  }
  return document;
}

export const server = {
  info() {
    return ask("v1/info");
  },

  async head() {
    return Head.of(await ask("v1/head"));
  },

  async root(size) {
    const head = Head.of(await ask(`v1/roots/${size}`));
    head.expectSize(size);
    return head;
  },

  /** The smallest index of a leaf. */
  async find(leaf) {
    return u64((await ask(`v1/find/${leaf}`)).index, "the index");
  },

  /** The document of an inclusion proof for the tree of this size. */
  proof(index, size) {
    return ask(`v1/proofs/${index}?size=${size}`);
  },

  /** The document of one proof of all these leaves: a multiproof or a range proof. */
  proofOfAll(indices, size) {
    const body = JSON.stringify({ indices: indices.map(String), one: true, size: String(size) });
    const headers = { "content-type": "application/json" };
    return ask("v1/proofs", { method: "POST", headers, body });
  },

  /** The document of a consistency proof. */
  consistency(oldSize, newSize) {
    return ask(`v1/consistency/${oldSize}/${newSize}`);
  },

  /** The document of a catch-up proof: growth, and the leaves that it consists of. */
  catchUp(oldSize, newSize) {
    return ask(`v1/consistency/${oldSize}/${newSize}?leaves=true`);
  },

  /** Calls `onHead` with each durable head and `onState` with `live`, `waiting` or `down`. */
  follow(onHead, onState) {
    const source = new EventSource(new URL("v1/heads", BASE));
    source.addEventListener("head", (event) => onHead(Head.of(parseJson(event.data))));
    source.addEventListener("open", () => onState("live"));
    source.addEventListener("error", () => {
      const isClosed = source.readyState === EventSource.CLOSED;
      onState(isClosed ? "down" : "waiting");
      if (isClosed) {
        setTimeout(() => server.follow(onHead, onState), RETRY_MILLISECONDS);
      }
    });
  },
};

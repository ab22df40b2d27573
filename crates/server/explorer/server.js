// The server that this page comes from. Answers are claims until the verifier has checked them.

import { Head } from "./verifier/head.js";
import { parseJson, u64 } from "./verifier/number.js";

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

async function get(path) {
  let response;
  try {
    // An answer that a cache kept may be that of another tree at this address.
    response = await fetch(new URL(path, BASE), { cache: "no-store" });
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
    return get("v1/info");
  },

  async head() {
    return Head.of(await get("v1/head"));
  },

  async root(size) {
    const head = Head.of(await get(`v1/roots/${size}`));
    head.expectSize(size);
    return head;
  },

  /** The smallest index of a leaf. */
  async find(leaf) {
    return u64((await get(`v1/find/${leaf}`)).index, "the index");
  },

  /** The document of an inclusion proof for the tree of this size. */
  proof(index, size) {
    return get(`v1/proofs/${index}?size=${size}`);
  },

  /** The document of a consistency proof. */
  consistency(oldSize, newSize) {
    return get(`v1/consistency/${oldSize}/${newSize}`);
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

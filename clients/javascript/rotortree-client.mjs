// A client of `rotortree serve` with Node 20 alone.
//
//   node rotortree-client.mjs URL head
//   node rotortree-client.mjs URL append LEAF...                  wants ROTORTREE_TOKEN
//   node rotortree-client.mjs URL prove HASH ARITY HEAD INDEX     prints the leaf, once verified;
//                                                                 of several, one proof proves all
//   node rotortree-client.mjs URL follow HASH ARITY HEAD          prints heads, each once verified
//
// HASH, ARITY and the first HEAD come from a source that you trust, not from the server.

import { realpathSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import {
  HASHES,
  Head,
  Refused,
  bytesFromHex,
  hashFromHex,
  hexFromBytes,
  parseJson,
  u64,
  verifyConsistency,
  verifyInclusion,
  verifyLeaves,
} from "./rotortree-verify.mjs";

/** The tree has other leaves where these were expected to go. */
export class Conflict extends Error {}

export class Client {
  constructor(url, { token = "", timeout = 30_000, tries = 8 } = {}) {
    Object.assign(this, { url: url.replace(/\/$/, ""), token, timeout, tries });
  }

  /** What the server says. Trust it once a consistency proof from your own head holds. */
  async head() {
    return Head.of(await this.#json("/v1/head"));
  }

  /**
   * Appends durably. The same leaves at the same size again are the same append, so that a lost
   * answer is asked for again and nothing is appended twice.
   */
  append(leaves, expectedSize) {
    const body = { leaves: leaves.map(hexFromBytes), expected_size: String(expectedSize) };
    return this.#json("/v1/leaves", JSON.stringify(body));
  }

  /** The leaf at an index of the tree of a head that you trust. */
  async inclusion(index, head, arity, hasher) {
    const { proof } = await this.#json(`/v1/proofs/${index}?size=${head.size}`);
    const wanted = { index: u64(index, "the index") };
    return (await verifyInclusion(bytesFromHex(proof), arity, hasher, head, wanted)).leaf;
  }

  /** The leaves at increasing indices, by one proof of all of them. */
  async leaves(indices, head, arity, hasher) {
    const body = { indices: indices.map(String), one: true, size: String(head.size) };
    const { proof } = await this.#json("/v1/proofs", JSON.stringify(body));
    const proved = await verifyLeaves(bytesFromHex(proof), arity, hasher, head, indices);
    return proved.leaves.map(({ leaf }) => leaf);
  }

  /** Returns if the tree only grew, and throws otherwise. */
  async consistency(old, head, arity, hasher) {
    const { proof } = await this.#json(`/v1/consistency/${old.size}/${head.size}`);
    await verifyConsistency(bytesFromHex(proof), arity, hasher, old, head);
  }

  /** Durable heads, from behind a size on, without end: a broken stream is resumed. */
  async *heads(after) {
    for (;;) {
      try {
        const answer = await fetch(`${this.url}/v1/heads`, {
          headers: { "Last-Event-ID": String(after) },
        });
        if (answer.status >= 500) throw new TypeError(`status ${answer.status}`);
        if (!answer.ok) throw new Refused(`${answer.status}: ${await answer.text()}`);
        for await (const line of lines(answer.body)) {
          if (!line.startsWith("data:")) continue;
          const head = Head.of(parseJson(line.slice(5)));
          after = head.size;
          yield head;
        }
      } catch (error) {
        if (!(error instanceof TypeError)) throw error;
      }
      await sleep(1000);
    }
  }

  /** Heads that continue the head that you trust, each verified. */
  async *follow(head, arity, hasher) {
    for await (const newer of this.heads(head.size)) {
      await this.consistency(head, newer, arity, hasher);
      head = newer;
      yield head;
    }
  }

  async #json(path, body) {
    const headers = { "Content-Type": "application/json", Authorization: `Bearer ${this.token}` };
    const request = body === undefined ? {} : { method: "POST", body, headers };
    let last;
    for (let attempt = 0; attempt < this.tries; attempt += 1) {
      let pause = 100 * 2 ** attempt;
      try {
        const signal = AbortSignal.timeout(this.timeout);
        const answer = await fetch(this.url + path, { ...request, signal });
        const text = await answer.text();
        if (answer.ok) return parseJson(text);
        last = new Refused(`${answer.status}: ${text}`);
        if (answer.status === 409) last = new Conflict(text);
        if (answer.status < 500 && answer.status !== 429) break;
        // The seconds that it names, a minute at most; a proxy may name a date instead.
        const named = /^[0-9]+$/.exec(answer.headers.get("Retry-After") ?? "");
        if (named) pause = 1000 * Math.min(Number(named[0]), 60);
      } catch (error) {
        // No answer, or half of one. What the server did is unknown; asking again is safe.
        last = error;
      }
      await sleep(pause);
    }
    throw last;
  }
}

async function* lines(body) {
  let rest = "";
  for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
    const whole = (rest + chunk).split("\n");
    rest = whole.pop();
    yield* whole;
  }
}

async function main([url, command, ...rest]) {
  const client = new Client(url, { token: process.env.ROTORTREE_TOKEN });
  const [hash, arity, head, ...indices] = rest;
  const tree = () => {
    if (!HASHES[hash]) throw new Refused(`HASH is ${Object.keys(HASHES).join(" or ")}`);
    return [Head.parse(head), Number(arity), HASHES[hash]];
  };
  if (command === "head") console.log(String(await client.head()));
  else if (command === "append") {
    const leaves = rest.map((leaf) => hashFromHex(leaf));
    const { size } = await client.head();
    console.log(JSON.stringify(await client.append(leaves, size)));
  } else if (command === "prove") {
    const all = [...new Set(indices.map((index) => u64(index, "the index")))];
    all.sort((one, other) => (one < other ? -1 : 1));
    const leaves =
      all.length === 1
        ? [await client.inclusion(all[0], ...tree())]
        : await client.leaves(all, ...tree());
    leaves.forEach((leaf) => console.log(hexFromBytes(leaf)));
  } else if (command === "follow") {
    for await (const newer of client.follow(...tree())) console.log(String(newer));
  } else throw new Refused("the first lines of this file say what may be asked");
}

if (import.meta.url === pathToFileURL(realpathSync(process.argv[1] ?? ".")).href) {
  main(process.argv.slice(2)).catch((error) => {
    console.error(`refused: ${error.message}`);
    process.exitCode = 1;
  });
}

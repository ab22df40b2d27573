// A client of `rotortree serve` with Node 20 alone.
//
//   node rotortree-client.mjs URL head
//   node rotortree-client.mjs URL append LEAF...                  wants ROTORTREE_TOKEN
//   node rotortree-client.mjs URL prove HASH ARITY HEAD INDEX     prints the leaf, once verified
//   node rotortree-client.mjs URL follow HASH ARITY HEAD          prints heads, each once verified
//
// HASH, ARITY and the first HEAD come from a source that you trust, not from the server.

import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import {
  HASHES, Refused, hex, parseHead, unhex, verifyConsistency, verifyInclusion,
} from './rotortree-verify.mjs';

/** The tree has other leaves where these were expected to go. */
export class Conflict extends Error {}

export class Client {
  constructor(url, { token = '', timeout = 30_000, tries = 8 } = {}) {
    Object.assign(this, { url: url.replace(/\/$/, ''), token, timeout, tries });
  }

  /** What the server says. Trust it once a consistency proof from your own head holds. */
  async head() {
    return headOf(await this.#json('/v1/head'));
  }

  /**
   * Appends durably. The same leaves at the same size again are the same append, so that a lost
   * answer is asked for again and nothing is appended twice.
   */
  append(leaves, expectedSize) {
    const body = { leaves: leaves.map(hex), expected_size: String(expectedSize) };
    return this.#json('/v1/leaves', JSON.stringify(body));
  }

  /** The leaf at an index of the tree of a head that you trust. */
  async inclusion(index, head, arity, parent) {
    const { proof } = await this.#json(`/v1/proofs/${index}?size=${head.size}`);
    const found = verifyInclusion(unhex(proof), arity, parent, head);
    if (found.index !== BigInt(index)) throw new Refused(`a proof of leaf ${found.index}`);
    return found.leaf;
  }

  /** Returns if the tree only grew, and throws otherwise. */
  async consistency(from, to, arity, parent) {
    const { proof } = await this.#json(`/v1/consistency/${from.size}/${to.size}`);
    verifyConsistency(unhex(proof), arity, parent, from, to);
  }

  /** Durable heads, from behind a size on, without end: a broken stream is resumed. */
  async *heads(after) {
    for (;;) {
      try {
        const answer = await fetch(`${this.url}/v1/heads`, {
          headers: { 'Last-Event-ID': String(after) },
        });
        if (answer.status >= 500) throw new TypeError(`status ${answer.status}`);
        if (!answer.ok) throw new Refused(`${answer.status}: ${await answer.text()}`);
        for await (const line of lines(answer.body)) {
          if (!line.startsWith('data:')) continue;
          const head = headOf(parse(line.slice(5)));
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
  async *follow(head, arity, parent) {
    for await (const newer of this.heads(head.size)) {
      await this.consistency(head, newer, arity, parent);
      head = newer;
      yield head;
    }
  }

  async #json(path, body) {
    const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${this.token}` };
    const request = body === undefined ? {} : { method: 'POST', body, headers };
    let last;
    for (let attempt = 0; attempt < this.tries; attempt += 1) {
      let pause = 100 * 2 ** attempt;
      try {
        const signal = AbortSignal.timeout(this.timeout);
        const answer = await fetch(this.url + path, { ...request, signal });
        const text = await answer.text();
        if (answer.ok) return parse(text);
        last = new Refused(`${answer.status}: ${text}`);
        if (answer.status === 409) last = new Conflict(text);
        if (answer.status < 500 && answer.status !== 429) break;
        // The seconds that it names, a minute at most; a proxy may name a date instead.
        const named = /^[0-9]+$/.exec(answer.headers.get('Retry-After') ?? '');
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

const headOf = ({ size, root }) => ({ size: BigInt(size), root: unhex(root) });

/** JSON, with sizes as text, since a number of JavaScript has 53 bits. */
const parse = (text) => JSON.parse(text.replace(/("(?:size|first|index)":)(\d+)/g, '$1"$2"'));

async function* lines(body) {
  let rest = '';
  for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
    const whole = (rest + chunk).split('\n');
    rest = whole.pop();
    yield* whole;
  }
}

async function main([url, command, ...rest]) {
  const client = new Client(url, { token: process.env.ROTORTREE_TOKEN });
  const [hash, arity, head, index] = rest;
  const show = ({ size, root }) => console.log(`${size}:${hex(root)}`);
  if (command === 'head') show(await client.head());
  else if (command === 'append') {
    const { size } = await client.head();
    console.log(JSON.stringify(await client.append(rest.map(unhex), size)));
  } else if (command === 'prove') {
    console.log(hex(await client.inclusion(index, parseHead(head), Number(arity), HASHES[hash])));
  } else if (command === 'follow') {
    const heads = client.follow(parseHead(head), Number(arity), HASHES[hash]);
    for await (const newer of heads) show(newer);
  } else throw new Refused('the first lines of this file say what may be asked');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  main(process.argv.slice(2)).catch((error) => {
    console.error(`refused: ${error.message}`);
    process.exitCode = 1;
  });
}

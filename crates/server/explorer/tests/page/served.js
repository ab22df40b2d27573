// A tree behind `rotortree serve`, as the page finds it.

import { spawn } from "node:child_process";
import { once } from "node:events";

import { COMMAND, leaf } from "../tree.js";

const TOKEN = "the-token-of-these-tests";

export class Served {
  #child;

  /** Serves a tree that this test has made. */
  static async start(tree) {
    const served = new Served();
    const words = ["serve", tree.place, "--listen", "127.0.0.1:0", "--write", "--json"];
    const stdio = ["ignore", "pipe", "inherit"];
    served.#child = spawn(COMMAND, words, {
      stdio,
      env: { ...process.env, ROTORTREE_TOKEN: TOKEN },
    });
    const ended = once(served.#child, "exit").then(([code]) => {
      throw new Error(`the server ended with ${code}`);
    });
    const [line] = await Promise.race([once(served.#child.stdout, "data"), ended]);
    // Later it is meant to end.
    ended.catch(() => undefined);
    served.url = new URL(JSON.parse(line).url);
    return served;
  }

  /** The address under a name that is no loopback address to a browser. */
  under(host) {
    const url = new URL(this.url);
    url.hostname = host;
    return url;
  }

  /** Appends the leaves of these indices. */
  async append(start, end) {
    const leaves = Array.from({ length: end - start }, (_, at) => leaf(start + at));
    const response = await fetch(new URL(`v1/leaves?expected_size=${start}`, this.url), {
      method: "POST",
      headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/octet-stream" },
      body: Buffer.concat(leaves),
    });
    if (!response.ok) {
      throw new Error(await response.text());
    }
  }

  async stop() {
    if (this.#child.exitCode !== null) {
      return;
    }
    const ended = once(this.#child, "exit");
    this.#child.kill();
    await ended;
  }
}

// A headless Chromium, driven over a pipe by its DevTools protocol.

import { spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PROGRAM = process.env.CHROMIUM ?? "chromium";

/** How long anything on a page is waited for. */
const PATIENCE_MILLISECONDS = 60_000;

/** The codes of the keys that tests press. */
const KEYS = {
  Tab: { keyCode: 9 },
  Enter: { keyCode: 13, text: "\r" },
  Space: { keyCode: 32, text: " ", key: " " },
};

export class Chromium {
  #child;
  #profile;
  #pending = new Map();
  #pages = new Map();
  #last = 0;

  /** Starts it. `hosts` are names that lead to this machine; no other name leads anywhere. */
  static async launch(hosts) {
    const browser = new Chromium();
    browser.#profile = await mkdtemp(join(tmpdir(), "rotortree-chromium-"));
    const rules = [...hosts.map((host) => `MAP ${host} 127.0.0.1`), "MAP * ~NOTFOUND"];
    const options = [
      "--headless=new",
      "--remote-debugging-pipe",
      "--disable-gpu",
      "--disable-dev-shm-usage",
      "--disable-background-networking",
      "--no-first-run",
      "--hide-scrollbars",
      `--user-data-dir=${browser.#profile}`,
      `--host-resolver-rules=${rules.join(", ")}, EXCLUDE 127.0.0.1`,
    ];
    // The sandbox refuses to be root, which machines of CI often are.
    if (process.getuid?.() === 0) {
      options.push("--no-sandbox");
    }
    const stdio = ["ignore", "ignore", "ignore", "pipe", "pipe"];
    browser.#child = spawn(PROGRAM, [...options, "about:blank"], { stdio });
    await once(browser.#child, "spawn");
    browser.#child.once("exit", () => browser.#fail(new Error("Chromium has ended")));
    browser.#child.stdio[3].on("error", (error) => browser.#fail(error));
    browser.#read(browser.#child.stdio[4]);
    return browser;
  }

  #read(stream) {
    let rest = "";
    stream.setEncoding("utf8").on("data", (data) => {
      const messages = (rest + data).split("\0");
      rest = messages.pop();
      messages.forEach((message) => this.#take(JSON.parse(message)));
    });
  }

  #take({ id, sessionId, method, params, result, error }) {
    if (id === undefined) {
      this.#pages.get(sessionId)?.emit(method, params);
      return;
    }
    const { resolve, reject } = this.#pending.get(id);
    this.#pending.delete(id);
    if (error === undefined) {
      resolve(result);
    } else {
      reject(new Error(error.message));
    }
  }

  #fail(error) {
    this.#pending.forEach(({ reject }) => reject(error));
    this.#pending.clear();
  }

  send(method, params = {}, sessionId) {
    this.#last += 1;
    const id = this.#last;
    this.#child.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    return new Promise((resolve, reject) => this.#pending.set(id, { resolve, reject }));
  }

  /** A new page with storage of its own, of this size, for readers of this scheme. */
  async open({ width, height, scheme }) {
    const { browserContextId } = await this.send("Target.createBrowserContext");
    const target = { url: "about:blank", browserContextId };
    const { targetId } = await this.send("Target.createTarget", target);
    const attached = await this.send("Target.attachToTarget", { targetId, flatten: true });
    const page = new Page(this, attached.sessionId);
    this.#pages.set(attached.sessionId, page);
    for (const domain of ["Page", "Runtime", "Log", "Network"]) {
      await page.send(`${domain}.enable`);
    }
    const metrics = { width, height, deviceScaleFactor: 1, mobile: width < 600 };
    await page.send("Emulation.setDeviceMetricsOverride", metrics);
    const features = [{ name: "prefers-color-scheme", value: scheme }];
    await page.send("Emulation.setEmulatedMedia", { features });
    return page;
  }

  async close() {
    const ended = once(this.#child, "exit");
    this.send("Browser.close").catch(() => undefined);
    await ended;
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** A page, with what it asked for and what it complained of. */
class Page extends EventEmitter {
  #browser;
  #session;
  requests = [];
  complaints = [];

  constructor(browser, session) {
    super();
    this.#browser = browser;
    this.#session = session;
    this.on("Network.requestWillBeSent", ({ request }) => this.requests.push(request.url));
    this.on("Log.entryAdded", ({ entry }) => {
      this.complaints.push(`${entry.level}: ${entry.text} ${entry.url ?? ""}`);
    });
    this.on("Runtime.consoleAPICalled", ({ type, args }) => {
      this.complaints.push(`${type}: ${args.map((arg) => arg.value ?? arg.description)}`);
    });
    this.on("Runtime.exceptionThrown", ({ exceptionDetails: { text, exception } }) => {
      this.complaints.push(`${text} ${exception?.description}`);
    });
  }

  send(method, params) {
    return this.#browser.send(method, params, this.#session);
  }

  async goto(url) {
    const loaded = once(this, "Page.loadEventFired");
    const { errorText } = await this.send("Page.navigate", { url });
    if (errorText) {
      throw new Error(`${url}: ${errorText}`);
    }
    await loaded;
  }

  /** The value of a function of these arguments, run in the page. */
  async evaluate(run, ...args) {
    const expression = `(${run})(...${JSON.stringify(args)})`;
    const options = { expression, awaitPromise: true, returnByValue: true };
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", options);
    if (exceptionDetails) {
      throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    }
    return result.value;
  }

  /** Waits until a function of these arguments gives something, run in the page again and again. */
  async until(run, ...args) {
    const end = Date.now() + PATIENCE_MILLISECONDS;
    for (;;) {
      const value = await this.evaluate(run, ...args);
      if (value) {
        return value;
      }
      if (Date.now() > end) {
        const text = await this.evaluate(() => document.body.innerText);
        throw new Error(`never: ${run} ${args}\n${this.complaints.join("\n")}\n${text}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async press(name, modifiers = 0) {
    const { keyCode, text, key = name } = KEYS[name];
    const common = { key, code: name, windowsVirtualKeyCode: keyCode, modifiers };
    await this.send("Input.dispatchKeyEvent", { type: "keyDown", text, ...common });
    await this.send("Input.dispatchKeyEvent", { type: "keyUp", ...common });
  }

  /** Types into the element that has the focus. */
  type(text) {
    return this.send("Input.insertText", { text });
  }

  /** A picture of the whole page, as PNG. */
  async screenshot() {
    const { cssContentSize } = await this.send("Page.getLayoutMetrics");
    const { width, height } = cssContentSize;
    const options = { captureBeyondViewport: true, clip: { x: 0, y: 0, width, height, scale: 1 } };
    const { data } = await this.send("Page.captureScreenshot", options);
    return Buffer.from(data, "base64");
  }
}

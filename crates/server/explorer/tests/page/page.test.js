// The page in Chromium: at three sizes, dark and light, on a loopback address and over plain HTTP.

import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";

import { hexFromBytes } from "../../verifier/rotortree-verify.mjs";
import { leaf, Tree } from "../tree.js";
import { Chromium } from "./chromium.js";
import { Served } from "./served.js";

/** A name that is no secure context, so that the page has no WebCrypto there. */
const HOST = "rotortree.test";
const PICTURES = process.env.ROTORTREE_PICTURES;

const PHONE = { width: 360, height: 740, scheme: "dark" };
const TABLET = { width: 768, height: 1024, scheme: "light" };
const DESK = { width: 1280, height: 900, scheme: "light" };
const NIGHT = { width: 1280, height: 900, scheme: "dark" };

/** What is opened: the tree, the view, the host, and the code that then computes its hash. */
const VISITS = [
  { hash: "sha256", arity: 4, size: 300, view: DESK, by: "WebCrypto" },
  { hash: "sha256", arity: 4, size: 300, view: PHONE, host: HOST, by: "@noble/hashes" },
  { hash: "rfc6962", arity: 2, size: 1000, view: NIGHT, host: HOST, by: "@noble/hashes" },
  { hash: "blake3", arity: 16, size: 5000, view: PHONE, by: "@noble/hashes" },
  { hash: "keccak256", arity: 3, size: 81, view: TABLET, by: "@noble/hashes" },
  { hash: "poseidon", arity: 2, size: 1000, view: TABLET, host: HOST, by: "poseidon-lite" },
  { hash: "poseidon-le", arity: 4, size: 9, view: PHONE, host: HOST, by: "poseidon-lite" },
];

/** The class of a verdict once it is there. Runs in the page. */
function verdictOf(id) {
  const verdict = document.getElementById(id);
  const isThere = !verdict.hidden && !verdict.classList.contains("busy");
  return isThere && { kind: verdict.className.replace("verdict ", ""), text: verdict.innerText };
}

/** Puts texts into the fields of a form and sends it. Runs in the page. */
function send(id, fields) {
  const form = document.getElementById(id);
  for (const [name, text] of Object.entries(fields)) {
    form.elements[name].value = text;
  }
  form.requestSubmit();
}

/** What is wider than the page or lies over its edge. Runs in the page. */
function overflowing() {
  const width = document.documentElement.clientWidth;
  const isScrolled = (element) => element.closest(".scroll, pre, .skip") !== null;
  return [...document.body.querySelectorAll("*")]
    .filter((element) => element.getBoundingClientRect().right > width + 1 && !isScrolled(element))
    .map((element) => element.outerHTML.slice(0, 120));
}

/** The number of rows of a table. Runs in the page. */
function rowsOf(id) {
  return document.getElementById(id).rows.length;
}

async function keepPicture(page, name) {
  if (PICTURES !== undefined) {
    await mkdir(PICTURES, { recursive: true });
    await page.evaluate(() => window.scrollTo(0, 0));
    await writeFile(`${PICTURES}/${name}.png`, await page.screenshot());
  }
}

describe("the page", { concurrency: 3 }, () => {
  let browser;
  before(async () => {
    browser = await Chromium.launch([HOST]);
  });
  after(() => browser.close());

  async function visit(context, { hash, arity, size, view, host }, fragment = "") {
    const tree = await Tree.create({ hash, arity }, size);
    const served = await Served.start(tree);
    context.after(async () => {
      await served.stop();
      await tree.remove();
    });
    const url = host === undefined ? served.url : served.under(host);
    const page = await browser.open(view);
    await page.goto(`${url}${fragment}`);
    await page.until(() => document.body.classList.contains("ready"));
    return { tree, served, page, url };
  }

  /** The page asked this server alone, and complained of nothing. */
  function assertQuiet(page, url) {
    assert.deepEqual(page.complaints, []);
    assert.ok(page.requests.length > 20);
    const foreign = page.requests.filter((request) => new URL(request).origin !== url.origin);
    assert.deepEqual(foreign, []);
  }

  for (const plan of VISITS) {
    const { hash, arity, size, view, host = "loopback", by } = plan;
    const name = `${hash}-${arity}-${view.width}-${view.scheme}-${host}`;
    test(`verifies and draws: ${name}`, async (context) => {
      const { page, url, tree } = await visit(context, plan, `#leaf=${size - 2}`);
      assert.equal(await page.evaluate(() => isSecureContext), host === "loopback");

      const told = await page.until(verdictOf, "leaf-verdict");
      assert.equal(told.kind, "own", told.text);
      assert.ok(told.text.includes(`computed by ${by},`), told.text);
      assert.ok(await page.evaluate(() => document.querySelector("#leaf-drawing .cell.path.leaf")));

      const { head } = await tree.proofs([0], size);
      await page.evaluate(send, "trust-form", { head: String(head) });
      await page.until(
        (id) => document.getElementById(id).classList.contains("good"),
        "trust-verdict",
      );
      await page.evaluate((from) => {
        location.hash = `#from=${from}`;
      }, arity + 1);
      const grown = await page.until(verdictOf, "growth-verdict");
      assert.equal(grown.kind, "good", grown.text);
      const several = `0, ${size - 3}..${size}`;
      await page.evaluate(send, "leaves-form", { leaves: several, at: "" });
      const all = await page.until(verdictOf, "leaves-verdict");
      assert.equal(all.kind, "good", all.text);
      assert.match(all.text, /4 leaves are in the tree of .*one multiproof of/s);
      assert.equal(await page.evaluate(rowsOf, "leaves-rows"), 4);
      const drawn = () => document.querySelectorAll("#leaves-drawing .cell.path.leaf").length;
      assert.ok((await page.evaluate(drawn)) > 0);

      await page.evaluate(() => {
        document.querySelectorAll("details").forEach((details) => details.setAttribute("open", ""));
      });
      assert.deepEqual(await page.evaluate(overflowing), []);
      const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      const isDark = ground.match(/\d+/g).every((part) => Number(part) < 64);
      assert.equal(isDark, view.scheme === "dark", ground);
      assertQuiet(page, url);
      const isVendored = page.requests.some((request) => request.includes("/vendor/"));
      assert.equal(isVendored, by !== "WebCrypto", "code by others is loaded where it is needed");
      await keepPicture(page, name);
    });
  }

  test("a leaf is found by its value, and followed while the tree grows", async (context) => {
    const plan = { hash: "sha256", arity: 4, size: 20, view: DESK };
    const { page, url, served } = await visit(context, plan);
    await page.evaluate(() => document.getElementById("trust-now").click());
    await page.until(verdictOf, "trust-verdict");
    await served.append(20, 150);
    const text = "The newest head extends the one that you trust";
    await page.until(
      (text) => document.getElementById("trust-verdict").innerText.includes(text),
      text,
    );
    assert.equal(await page.evaluate(() => document.getElementById("size").textContent), "150");

    await page.evaluate(send, "leaf-form", { leaf: hexFromBytes(leaf(77)) });
    const verdict = await page.until(verdictOf, "leaf-verdict");
    assert.equal(verdict.kind, "good", verdict.text);
    assert.ok(verdict.text.includes("✓\n\nLeaf 77 is in the tree of 150 leaves"), verdict.text);
    assert.ok(verdict.text.includes("belong to the one that you trust"), verdict.text);
    // Back to an earlier size, of which the same head tells.
    await page.evaluate(send, "leaf-form", { leaf: "7", at: "10" });
    await page.until(() => document.getElementById("leaf-head").textContent.startsWith("10:"));
    assert.equal((await page.until(verdictOf, "leaf-verdict")).kind, "good");

    // Growth with the leaves that it consists of: 130 of them.
    await page.evaluate(() => document.querySelector("[name=by]").click());
    await page.evaluate(send, "growth-form", { from: "20", to: "150" });
    const grown = await page.until(verdictOf, "growth-verdict");
    assert.equal(grown.kind, "good", grown.text);
    assert.match(grown.text, /new leaves below, behind the earlier tree, give the later root/);
    assert.equal(await page.evaluate(rowsOf, "growth-leaves"), 130);
    assertQuiet(page, url);
  });

  test("a server that forges is refused", async (context) => {
    const plan = { hash: "blake3", arity: 2, size: 100, view: DESK };
    const { page, tree } = await visit(context, plan);
    const { head } = await tree.proofs([0], 60);
    await page.evaluate(send, "trust-form", { head: String(head) });
    await page.until(() => document.getElementById("trust-verdict").innerText.includes("extends"));

    const refusals = [
      ["leaf", "proofs/*", { leaf: "5", at: "" }, "leads to another root", -1],
      ["leaf", "proofs/*", { leaf: "6", at: "" }, "for leaf 7, not for leaf 6", 4],
      ["leaf", "proofs/*", { leaf: "7", at: "" }, "the head for 100", 3],
      ["leaf", "consistency/*", { leaf: "8", at: "70" }, "another root", -1],
      ["leaves", "proofs", { leaves: "5 9", at: "" }, "leads to another root", -1],
      ["leaves", "proofs", { leaves: "5 8", at: "" }, "for other leaves than", 6],
      ["growth", "consistency/*", { from: "70", to: "" }, "another root", -1],
    ];
    for (const [section, path, fields, reason, at] of refusals) {
      const stop = await rewrite(page, `*/v1/${path}`, (document) => {
        const bytes = Buffer.from(document.proof.slice(2), "hex");
        return { ...document, proof: `0x${flip(bytes, at).toString("hex")}` };
      });
      await page.evaluate(send, `${section}-form`, fields);
      const isRefused = (section, reason) => {
        const verdict = document.getElementById(`${section}-verdict`);
        return verdict.classList.contains("bad") && verdict.innerText.includes(reason);
      };
      await page.until(isRefused, section, reason);
      const isHidden = (section) => document.getElementById(`${section}-result`).hidden;
      assert.ok(await page.evaluate(isHidden, section));
      await stop();
    }

    // The true server, and a head that it does not have.
    const other = `60:0x${"ab".repeat(32)}`;
    await page.evaluate(send, "trust-form", { head: other });
    await page.until(() => document.getElementById("trust-verdict").classList.contains("bad"));
    await page.evaluate(send, "leaf-form", { leaf: "9", at: "" });
    await page.until(() => document.getElementById("leaf-verdict").classList.contains("bad"));
  });

  test("a pasted proof holds against a given head alone", async (context) => {
    const plan = { hash: "keccak256", arity: 8, size: 200, view: DESK };
    const { page, tree, url } = await visit(context, plan);
    const { head, proofs } = await tree.proofs([150], 200);
    const hex = proofs[0].reduce((text, byte) => text + byte.toString(16).padStart(2, "0"), "");
    const check = async (proof, given, old = "") => {
      await page.evaluate(() => {
        document.getElementById("check-verdict").hidden = true;
      });
      await page.evaluate(send, "check-form", { proof, head: given, old });
      return page.until(verdictOf, "check-verdict");
    };
    assert.equal((await check(hex, String(head))).kind, "good");
    assert.equal((await check(JSON.stringify({ proof: `0x${hex}` }), String(head))).kind, "good");
    assert.match((await check(hex, "")).text, /none is trusted/);
    const earlier = (await tree.proofs([0], 150)).head;
    assert.match(
      (await check(hex, String(earlier))).text,
      /a tree of 200 leaves, the head for 150/,
    );
    for (const forged of [`${hex.slice(0, -2)}00`, hex.slice(2), `${hex}00`, "{", "<b>"]) {
      assert.equal((await check(forged, String(head))).kind, "bad", forged);
    }
    const bytes = await tree.consistency(150, 200);
    const growth = Buffer.from(bytes).toString("hex");
    assert.equal((await check(growth, String(head), String(earlier))).kind, "good");
    assert.equal((await check(growth, String(earlier), String(head))).kind, "bad");
    const hexOf = async (bytes) => Buffer.from(await bytes).toString("hex");
    const many = await hexOf(tree.proofOfAll([3, 4, 5], 200));
    assert.match((await check(many, String(head))).text, /3 leaves of 200\s+From the left, leaf 3/);
    assert.equal((await check(many, String(earlier))).kind, "bad");
    const news = await hexOf(tree.catchUp(150, 200));
    assert.match((await check(news, String(head), String(earlier))).text, /by exactly these 50/);
    assert.match((await check(news, String(head))).text, /wants the earlier head too/);
    assert.equal((await check(news, String(head), `150:0x${"ab".repeat(32)}`)).kind, "bad");
    assertQuiet(page, url);
  });

  test("everything is reached and done with the keyboard, and has a name", async (context) => {
    const plan = { hash: "sha256", arity: 4, size: 50, view: PHONE };
    const { page } = await visit(context, plan);
    const focus = () => {
      const { activeElement } = document;
      const { outlineStyle } = getComputedStyle(activeElement);
      const { id, name, textContent } = activeElement;
      const label = id || name || textContent.trim();
      return { label, isBody: activeElement === document.body, isSeen: outlineStyle !== "none" };
    };
    const tabTo = async (label) => {
      const passed = [];
      for (let count = 0; count < 60; count += 1) {
        await page.press("Tab");
        const now = await page.evaluate(focus);
        assert.ok(now.isBody || now.isSeen, `${now.label} does not show that it has the focus`);
        if (now.label === label) {
          return;
        }
        passed.push(now.label);
      }
      assert.fail(`${label} is not among ${passed}`);
    };

    await page.press("Tab");
    assert.equal((await page.evaluate(focus)).label, "Skip to content");
    await page.press("Enter");
    await tabTo("trust-now");
    await page.press("Space");
    assert.equal((await page.until(verdictOf, "trust-verdict")).kind, "good");
    await tabTo("leaf");
    await page.type("33");
    await page.press("Enter");
    assert.equal((await page.until(verdictOf, "leaf-verdict")).kind, "good");
    await tabTo("leaf-next");
    await page.press("Enter");
    await page.until(() => document.getElementById("leaf-index").textContent === "34");
    // A leaf beside it, in the drawing.
    await page.evaluate(() => document.querySelector("#leaf-drawing a").focus());
    await page.press("Enter");
    await page.until(() => document.getElementById("leaf-index").textContent === "32");
    await tabTo("from");
    await page.type("7");
    await page.press("Enter");
    assert.equal((await page.until(verdictOf, "growth-verdict")).kind, "good");

    const { nodes } = await page.send("Accessibility.getFullAXTree");
    const seen = nodes.filter((node) => !node.ignored);
    const roles = seen.map((node) => node.role.value);
    for (const landmark of ["banner", "navigation", "main", "contentinfo"]) {
      assert.equal(roles.filter((role) => role === landmark).length, 1, landmark);
    }
    const isFocusable = (node) =>
      node.properties?.some(({ name, value }) => name === "focusable" && value.value);
    const unnamed = seen.filter((node) => isFocusable(node) && !node.name?.value);
    // The document and the target of the skip link are no controls.
    const controls = unnamed.filter((node) => !["RootWebArea", "main"].includes(node.role.value));
    assert.deepEqual(controls, []);
  });

  test("a server that goes away is told, and found again", async (context) => {
    const plan = { hash: "sha256", arity: 2, size: 5, view: DESK };
    const { page } = await visit(context, plan);
    const state = (text) => document.getElementById("state").textContent === text;
    await page.until(state, "live");
    await page.send("Network.emulateNetworkConditions", { ...NO_DELAY, offline: true });
    await page.evaluate(send, "leaf-form", { leaf: "1", at: "" });
    assert.match((await page.until(verdictOf, "leaf-verdict")).text, /does not answer/);
    await page.send("Network.emulateNetworkConditions", { ...NO_DELAY, offline: false });
    await page.evaluate(send, "leaf-form", { leaf: "2", at: "" });
    await page.until(() => document.getElementById("leaf-verdict").classList.contains("own"));
  });
});

const NO_DELAY = { latency: 0, downloadThroughput: -1, uploadThroughput: -1 };

/** The bytes with the lowest bit of one of them flipped. */
function flip(bytes, at) {
  const forged = Buffer.from(bytes);
  forged[at < 0 ? bytes.length + at : at] ^= 1;
  return forged;
}

/** Changes the documents that the page gets from paths of this pattern; the result ends it. */
async function rewrite(page, urlPattern, change) {
  await page.send("Fetch.enable", { patterns: [{ urlPattern, requestStage: "Response" }] });
  const paused = async ({ requestId }) => {
    const { body, base64Encoded } = await page.send("Fetch.getResponseBody", { requestId });
    const text = Buffer.from(body, base64Encoded ? "base64" : "utf8").toString();
    const changed = Buffer.from(JSON.stringify(change(JSON.parse(text)))).toString("base64");
    const responseHeaders = [{ name: "content-type", value: "application/json" }];
    const answer = { requestId, responseCode: 200, responseHeaders, body: changed };
    await page.send("Fetch.fulfillRequest", answer);
  };
  page.on("Fetch.requestPaused", paused);
  return async () => {
    page.off("Fetch.requestPaused", paused);
    await page.send("Fetch.disable");
  };
}

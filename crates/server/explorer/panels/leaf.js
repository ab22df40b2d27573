// A leaf by index or value: its proof, verified here, and its path to the root, drawn.

import { byId, html } from "../dom.js";
import { count, shortHash, whole } from "../format.js";
import { formatRoute } from "../route.js";
import { latest } from "../latest.js";
import { drawTree } from "../tree_drawing.js";
import { showError, showVerdict, TOLD_ADVICE, worth } from "../verdict.js";
import { bytesOf } from "../verifier/document.js";
import { hashFromHex, hexFromBytes, u64, verifyInclusion } from "../verifier/rotortree-verify.mjs";
import { inclusionRows } from "../rows.js";

export function leafPanel(page) {
  const [form, verdict] = [byId("leaf-form"), byId("leaf-verdict")];
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const { leaf, at } = Object.fromEntries(new FormData(form));
    page.go({ leaf: leaf.trim().replaceAll(/[\s,]/g, ""), at: at.trim().replaceAll(",", "") });
  });
  for (const button of form.querySelectorAll("[data-leaf]")) {
    button.addEventListener("click", () =>
      page.go({ leaf: pick(button.dataset.leaf, page.feed.head) }),
    );
  }

  const begin = latest();
  /** Shows the leaf of a route. */
  return async ({ leaf, at }) => {
    const isLatest = begin();
    form.elements.leaf.value = leaf;
    form.elements.at.value = at ?? "";
    showVerdict(verdict, "busy", "Verifying …");
    byId("leaf-result").hidden = true;
    try {
      const proven = await prove(page, { leaf, at });
      if (isLatest()) {
        tell(verdict, proven, page.tree);
        show(proven, at);
      }
    } catch (error) {
      if (isLatest()) {
        showError(verdict, error, "Not verified");
      }
    }
  };
}

/** The index behind a button. */
function pick(name, head) {
  const size = head?.size ?? 0n;
  if (size === 0n || name === "first") {
    return 0n;
  }
  const part = BigInt(Math.floor(Math.random() * 2 ** 32));
  return name === "last" ? size - 1n : (size * part) >> 32n;
}

async function prove({ server, tree, trust, feed }, { leaf, at }) {
  const wanted = /^(0x|.{40})/i.test(leaf)
    ? { leaf: hashFromHex(leaf, "the leaf") }
    : { index: u64(leaf, "the index") };
  const head = at ? await server.root(u64(at, "the size")) : await feed.refresh();
  wanted.index ??= await server.find(hexFromBytes(wanted.leaf));
  const document = await server.proof(wanted.index, head.size);
  const proved = await verifyInclusion(bytesOf(document), tree.arity, tree.hasher, head, wanted);
  return { ...proved, head, document, link: await trust.link(head) };
}

function tell(verdict, { index, steps, head, link }, tree) {
  const hashed = steps.filter((step) => step.length > 1).length;
  const { kind, head: words } = worth(link);
  showVerdict(
    verdict,
    kind,
    `Leaf ${whole(index)} is in the tree of ${count(head.size, "leaf", "leaves")}`,
    `Verified in this browser: ${count(hashed, "hash", "hashes")} of ${tree.hash}, computed by ` +
      `${tree.hasher.by}, lead from the leaf to the root of ${words}.`,
    kind === "own" && TOLD_ADVICE,
  );
}

function show({ index, leaf, steps, head, document }, at) {
  byId("leaf-index").textContent = whole(index);
  byId("leaf-hash").textContent = hexFromBytes(leaf);
  byId("leaf-head").textContent = String(head);
  lead(byId("leaf-previous"), index > 0n && index - 1n, at);
  lead(byId("leaf-next"), index + 1n < head.size && index + 1n, at);
  byId("leaf-json").textContent = JSON.stringify(document, undefined, 2);
  byId("leaf-steps").replaceChildren(...steps.map(stepRow));
  byId("leaf-result").hidden = false;
  drawTree(byId("leaf-drawing"), {
    rows: inclusionRows(leaf, steps, head, at),
    caption:
      `The path of leaf ${whole(index)} through ${count(steps.length, "level")}: ` +
      "each row is a group of children, and its hash is the marked node above.",
  });
}

function lead(element, index, at) {
  element.hidden = index === false;
  if (index !== false) {
    element.href = formatRoute({ leaf: index, at });
  }
}

/** A level in words, for readers who do not see the drawing. */
function stepRow({ level, start, length, position, children, parent }) {
  const siblings = children.filter((_, at) => at !== position);
  const text =
    length === 1
      ? "lifted: the only node of its group"
      : siblings.map((hash) => shortHash(hash)).join(" ");
  return html(
    "tr",
    {},
    html("td", { class: "number" }, String(level)),
    html("td", { class: "number" }, whole(start + BigInt(position))),
    html("td", { class: "number" }, `${position + 1} of ${length}`),
    html("td", { class: "hash wrap" }, text),
    html("td", { class: "hash" }, shortHash(parent)),
  );
}

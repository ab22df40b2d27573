// Proved leaves as the rows of a table, each with the way to its path.

import { html } from "./dom.js";
import { count, whole } from "./format.js";
import { formatRoute } from "./route.js";
import { hexFromBytes } from "./verifier/rotortree-verify.mjs";

/** So many rows fit a page; all of them were verified. */
const MOST = 256;

/** Fills the body of a table. `at` is the size of the tree that the leaves were proved in. */
export function listLeaves(body, proved, at) {
  const rows = proved.slice(0, MOST).map(({ index, leaf }) => {
    const href = formatRoute({ leaf: index, at });
    const link = html("a", { href, "aria-label": `Leaf ${whole(index)}` }, whole(index));
    const hash = html("td", { class: "hash" }, hexFromBytes(leaf));
    return html("tr", {}, html("td", { class: "number" }, link), hash);
  });
  const rest = proved.length - rows.length;
  if (rest > 0) {
    const text = `and ${count(rest, "leaf", "leaves")} more, verified too`;
    rows.push(html("tr", {}, html("td", { colspan: 2 }, text)));
  }
  body.replaceChildren(...rows);
}

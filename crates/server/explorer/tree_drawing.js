// Draws groups of nodes from the root down to the leaves.

import { drawToWidth, html, svg } from "./dom.js";
import { shortHash } from "./format.js";
import { layout } from "./layout.js";
import { hexFromBytes } from "./verifier/rotortree-verify.mjs";

/** Fills a figure with a drawing that follows its width. `caption` says in words what it shows. */
export function drawTree(figure, { rows, caption }) {
  const frame = html("div", { class: "drawing-frame" });
  figure.replaceChildren(frame, html("figcaption", {}, caption));
  drawToWidth(frame, (width) => frame.replaceChildren(picture(rows, width, caption)));
}

function picture(rows, width, caption) {
  const { rows: placed, height } = layout(rows, width);
  const drawing = svg("svg", {
    class: "drawing",
    viewBox: `0 0 ${width} ${height}`,
    width,
    height,
    role: "group",
    "aria-label": caption,
  });
  const edges = placed.flatMap((row) => row.edges);
  // The path lies over the other edges.
  edges.sort((one, other) => isPath(one) - isPath(other));
  drawing.append(...edges.map(line), ...placed.flatMap(drawRow));
  return drawing;
}

function isPath(edge) {
  return edge.kind === "path" || edge.kind === "grown";
}

function line({ kind, from, to }) {
  const middle = (from.y + to.y) / 2;
  return svg("path", {
    class: `edge ${kind}`,
    d: `M${from.x} ${from.y} C${from.x} ${middle} ${to.x} ${middle} ${to.x} ${to.y}`,
  });
}

function drawRow({ label, cells, y, hidden }) {
  const text = hidden > 0 ? `${label} · ${hidden} more not drawn` : label;
  return [svg("text", { class: "row-label", x: 0, y: y - 7 }, text), ...cells.map(drawCell)];
}

function drawCell({ kind, hash, title, href, x, y, width, height }) {
  const middle = { x: x + width / 2, y: y + height / 2 };
  const text = hashFor(hash, width);
  const node = svg(
    "g",
    { class: `cell ${kind}` },
    svg("title", {}, `${title}: ${hexFromBytes(hash)}`),
    svg("rect", { x, y, width, height, rx: Math.min(6, width / 3) }),
    text && svg("text", { ...middle, dy: "0.35em" }, text),
  );
  return href === undefined ? node : svg("a", { href, "aria-label": title }, node);
}

/** As much of a hash as a cell of this width has room for. */
function hashFor(hash, width) {
  if (width < 40) {
    return undefined;
  }
  const digits = width < 78 ? 2 : width < 110 ? 3 : width < 150 ? 4 : 6;
  return shortHash(hash, digits);
}

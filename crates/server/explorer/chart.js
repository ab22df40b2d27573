// Two kinds of charts over the same minutes: a line of sizes and bars of rates.

import { svg } from "./dom.js";
import { compact } from "./format.js";

const HEIGHT = 150;
const TOP = 12;
const BASE = 124;
const MARGIN = 52;

function frame(width, label, ...children) {
  return svg(
    "svg",
    {
      class: "chart",
      viewBox: `0 0 ${width} ${HEIGHT}`,
      width,
      height: HEIGHT,
      role: "img",
      "aria-label": label,
    },
    ...children,
  );
}

/** Lines and numbers at the values of `ticks`, and the times below. */
function axes(width, ticks, y, ago) {
  return [
    ...ticks.flatMap((value) => [
      svg("line", { class: "grid", x1: MARGIN, x2: width, y1: y(value), y2: y(value) }),
      svg("text", { class: "tick", x: MARGIN - 8, y: y(value), dy: "0.35em" }, compact(value)),
    ]),
    svg("text", { class: "time", x: MARGIN, y: HEIGHT - 4 }, `${ago} ago`),
    svg("text", { class: "time end", x: width, y: HEIGHT - 4 }, "now"),
  ];
}

/** A step line of `points` `{ at, value }`, where `at` goes from 0 to 1. */
export function lineChart(width, points, { label, ago }) {
  const values = points.map((point) => point.value);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  // A tree that does not grow is a line in the middle.
  const [low, high] = least === most ? [least - 1, most + 1] : [least, most];
  const ticks = least === most ? [least] : [least, most];
  const x = (at) => MARGIN + at * (width - MARGIN);
  const y = (value) => BASE - ((value - low) / (high - low)) * (BASE - TOP);
  let path = "";
  for (const [at, point] of points.entries()) {
    const [px, py] = [x(point.at).toFixed(1), y(point.value).toFixed(1)];
    path += at === 0 ? `M${px} ${py}` : `H${px}V${py}`;
  }
  const area = `${path}V${BASE}H${x(points[0].at).toFixed(1)}Z`;
  return frame(
    width,
    label,
    ...axes(width, ticks, y, ago),
    svg("path", { class: "area", d: area }),
    svg("path", { class: "line", d: path }),
  );
}

/** Bars of equal width from 0. */
export function barChart(width, values, { label, ago }) {
  const high = Math.max(1, ...values);
  const y = (value) => BASE - (value / high) * (BASE - TOP);
  const step = (width - MARGIN) / values.length;
  const bars = values.map((value, at) =>
    svg("rect", {
      class: "bar",
      x: (MARGIN + at * step).toFixed(1),
      y: y(value).toFixed(1),
      width: Math.max(1, step - 1.5).toFixed(1),
      height: (BASE - y(value)).toFixed(1),
    }),
  );
  return frame(width, label, ...axes(width, [0, high], y, ago), ...bars);
}

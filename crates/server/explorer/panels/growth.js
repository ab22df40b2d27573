// Charts of size and rate, and the newest heads as a table.

import { lineChart, barChart } from "../chart.js";
import { byId, drawToWidth, html } from "../dom.js";
import { duration, rate, shortHash, whole } from "../format.js";
import { formatRoute } from "../route.js";

const BARS = 30;
const ROWS = 6;

export function growthPanel({ feed, growth, clock }) {
  const widths = new Map();
  const draw = () => {
    const now = clock.now();
    if (growth.since === undefined) {
      return;
    }
    for (const [id, chart] of [
      ["chart-size", sizes],
      ["chart-rate", rates],
    ]) {
      if (widths.has(id)) {
        byId(id).replaceChildren(chart(widths.get(id), growth, now));
      }
    }
  };
  for (const id of ["chart-size", "chart-rate"]) {
    drawToWidth(byId(id), (width) => {
      widths.set(id, width);
      draw();
    });
  }
  clock.listen(draw);

  const body = byId("heads");
  let last;
  feed.listen((head) => {
    growth.add(clock.now(), head.size);
    body.prepend(row(head, last));
    last = head;
    while (body.rows.length > ROWS) {
      body.lastElementChild.remove();
    }
    draw();
  });
}

function sizes(width, growth, now) {
  const points = growth.sizes(now);
  const [first, newest] = [points[0].value, points.at(-1).value];
  const ago = duration(growth.window(now));
  const label = `Leaves: from ${whole(first)} to ${whole(newest)} within ${ago}`;
  return lineChart(width, points, { label, ago });
}

function rates(width, growth, now) {
  const values = growth.rates(now, BARS);
  const most = rate(Math.max(...values));
  const label = `Leaves a second: ${rate(growth.rate(now))} now, at most ${most}`;
  return barChart(width, values, { label, ago: duration(growth.window(now)) });
}

function row(head, last) {
  const time = new Date().toLocaleTimeString("en-GB");
  const added = last === undefined ? "" : whole(head.size - last.size);
  const href = formatRoute({ from: head.size });
  const label = `Growth since ${whole(head.size)} leaves`;
  return html(
    "tr",
    {},
    html("td", {}, time),
    html("td", { class: "number" }, whole(head.size)),
    html("td", { class: "number" }, added),
    html("td", { class: "hash" }, shortHash(head.root, 6)),
    html("td", {}, html("a", { href, "aria-label": label }, "growth since")),
  );
}

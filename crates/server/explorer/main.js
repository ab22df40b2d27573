// Puts the page together.

import { Clock } from "./clock.js";
import { byId } from "./dom.js";
import { Feed } from "./feed.js";
import { Growth } from "./growth.js";
import { checkPanel } from "./panels/check.js";
import { consistencyPanel } from "./panels/consistency.js";
import { growthPanel } from "./panels/growth.js";
import { headPanel } from "./panels/head.js";
import { leafPanel } from "./panels/leaf.js";
import { leavesPanel } from "./panels/leaves.js";
import { trustPanel } from "./panels/trust.js";
import { formatRoute, parseRoute } from "./route.js";
import { server } from "./server.js";
import { Tree } from "./tree.js";
import { Trust } from "./trust.js";
import { showError } from "./verdict.js";

const STATES = { live: "live", waiting: "reconnecting", down: "no connection" };

function showState(state) {
  byId("state").textContent = STATES[state];
  byId("state").className = `state ${state}`;
}

/** Goes to a route; the same one again is done again. */
function go(fields, show) {
  const fragment = formatRoute(fields);
  if (location.hash === fragment) {
    show();
  } else {
    location.hash = fragment;
  }
}

async function start() {
  const info = await server.info();
  const tree = await Tree.of(info);
  const page = {
    server,
    info,
    tree,
    trust: new Trust(server, tree),
    feed: new Feed(server, showState),
    growth: new Growth(),
    clock: new Clock(),
    go: (fields) => go(fields, show),
    showAgain: () => showRoute(parseRoute(location.hash)),
  };
  headPanel(page);
  growthPanel(page);
  trustPanel(page);
  checkPanel(page);
  const [showLeaf, showLeaves] = [leafPanel(page), leavesPanel(page)];
  const showGrowth = consistencyPanel(page);

  /** Shows what a route asks for; the section that has it. */
  function showRoute(route) {
    if (route.leaf !== undefined) {
      showLeaf(route);
      return byId("leaf");
    }
    if (route.leaves !== undefined) {
      showLeaves(route);
      return byId("leaves");
    }
    if (route.from !== undefined) {
      showGrowth(route);
      return byId("consistency");
    }
    return undefined;
  }

  function show() {
    showRoute(parseRoute(location.hash))?.scrollIntoView();
  }

  window.addEventListener("hashchange", show);
  await page.feed.refresh();
  page.feed.start();
  document.body.classList.add("ready");
  show();
}

try {
  await start();
} catch (error) {
  showState("down");
  showError(byId("failure"), error, "The page cannot be shown");
}

// Several leaves at once: one proof of all of them, verified here.

import { byId } from "../dom.js";
import { count, whole } from "../format.js";
import { parseIndices } from "../indices.js";
import { latest } from "../latest.js";
import { listLeaves } from "../leaf_list.js";
import { leavesRows } from "../rows.js";
import { drawTree } from "../tree_drawing.js";
import { showError, showVerdict, TOLD_ADVICE, worth } from "../verdict.js";
import { bytesOf } from "../verifier/document.js";
import { kindOf, u64, verifyLeaves } from "../verifier/rotortree-verify.mjs";

export function leavesPanel(page) {
  const [form, verdict] = [byId("leaves-form"), byId("leaves-verdict")];
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const { leaves, at } = Object.fromEntries(new FormData(form));
    page.go({ leaves: leaves.trim(), at: at.trim().replaceAll(",", "") });
  });

  const begin = latest();
  /** Shows the leaves of a route. */
  return async ({ leaves, at }) => {
    const isLatest = begin();
    form.elements.leaves.value = leaves;
    form.elements.at.value = at ?? "";
    showVerdict(verdict, "busy", "Verifying …");
    byId("leaves-result").hidden = true;
    try {
      const proven = await prove(page, { leaves, at });
      if (isLatest()) {
        tell(verdict, proven);
        show(proven);
      }
    } catch (error) {
      if (isLatest()) {
        showError(verdict, error, "Not verified");
      }
    }
  };
}

async function prove({ server, info, tree, trust, feed }, { leaves, at }) {
  const indices = parseIndices(leaves, info.limits.proofs);
  const head = at ? await server.root(u64(at, "the size")) : await feed.refresh();
  const document = await server.proofOfAll(indices, head.size);
  const bytes = bytesOf(document);
  const proved = await verifyLeaves(bytes, tree.arity, tree.hasher, head, indices);
  return { ...proved, bytes, head, document, link: await trust.link(head) };
}

function tell(verdict, { leaves, bytes, head, link }) {
  const { kind, head: words } = worth(link);
  showVerdict(
    verdict,
    kind,
    `${count(leaves.length, "leaf is", "leaves are")} in the tree of ` +
      count(head.size, "leaf", "leaves"),
    `Verified in this browser: one ${kindOf(bytes)} of ${count(bytes.length, "byte")} leads from ` +
      `all of them to the root of ${words}.`,
    kind === "own" && TOLD_ADVICE,
  );
}

function show({ leaves, steps, head, document }) {
  byId("leaves-head").textContent = String(head);
  byId("leaves-count").textContent = whole(leaves.length);
  listLeaves(byId("leaves-rows"), leaves, head.size);
  byId("leaves-json").textContent = JSON.stringify(document, undefined, 2);
  byId("leaves-result").hidden = false;
  drawTree(byId("leaves-drawing"), {
    rows: leavesRows(leaves, steps, head),
    caption:
      "The part of the tree above these leaves: marked nodes are computed from them, and the " +
      "other ones are in the proof.",
  });
}

// Growth between two sizes: the proof, verified here, and the boundary between old and new, drawn.

import { byId } from "../dom.js";
import { count, whole } from "../format.js";
import { latest } from "../latest.js";
import { listLeaves } from "../leaf_list.js";
import { growthRows } from "../rows.js";
import { drawTree } from "../tree_drawing.js";
import { showError, showVerdict, TOLD_ADVICE, worth } from "../verdict.js";
import { bytesOf } from "../verifier/document.js";
import { u64, verifyCatchUp, verifyConsistency } from "../verifier/rotortree-verify.mjs";

/** The value of the box that asks for the new leaves too. */
const BY_LEAVES = "leaves";

export function consistencyPanel(page) {
  const [form, verdict] = [byId("growth-form"), byId("growth-verdict")];
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const { from, to, by } = Object.fromEntries(new FormData(form));
    page.go({ from: from.trim().replaceAll(",", ""), to: to.trim().replaceAll(",", ""), by });
  });

  const begin = latest();
  /** Shows the growth of a route. */
  return async ({ from, to, by }) => {
    const isLatest = begin();
    form.elements.from.value = from;
    form.elements.to.value = to ?? "";
    form.elements.by.checked = by === BY_LEAVES;
    showVerdict(verdict, "busy", "Verifying …");
    byId("growth-result").hidden = true;
    try {
      const proven = await prove(page, { from, to, by });
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

async function prove({ server, tree, trust, feed }, { from, to, by }) {
  const old = await server.root(u64(from, "the earlier size"));
  const head = to ? await server.root(u64(to, "the later size")) : await feed.refresh();
  const document = await server.consistency(old.size, head.size);
  const claim = [tree.arity, tree.hasher, old, head];
  const steps = await verifyConsistency(bytesOf(document), ...claim);
  const news =
    by === BY_LEAVES
      ? (await verifyCatchUp(bytesOf(await server.catchUp(old.size, head.size)), ...claim)).leaves
      : undefined;
  // The old head is then linked too, because it is an earlier head of the same tree.
  return { steps, news, old, head, document, link: await trust.link(head) };
}

function tell(verdict, { steps, news, old, head, link }) {
  const { kind, head: words } = worth(link);
  const hashes = steps.reduce((sum, step) => sum + step.left.length + step.right.length, 0);
  showVerdict(
    verdict,
    kind,
    `The first ${count(old.size, "leaf", "leaves")} of ${whole(head.size)} are the same`,
    `Verified in this browser: ${count(hashes, "hash", "hashes")} of the proof lead to both ` +
      `roots. The later one is that of ${words}.`,
    news && `The new leaves below, behind the earlier tree, give the later root.`,
    kind === "own" && TOLD_ADVICE,
  );
}

function show({ steps, news, old, head, document }) {
  byId("growth-old").textContent = String(old);
  byId("growth-new").textContent = String(head);
  byId("growth-json").textContent = JSON.stringify(document, undefined, 2);
  byId("growth-result").hidden = false;
  byId("growth-news").hidden = news === undefined;
  listLeaves(byId("growth-leaves"), news ?? [], head.size);
  byId("growth-drawing").hidden = steps.length === 0;
  if (steps.length > 0) {
    drawTree(byId("growth-drawing"), {
      rows: growthRows(steps, head),
      caption:
        "The boundary between old and new leaves: filled nodes were complete at the earlier " +
        "size, outlined ones are new, and the marked ones have both below them.",
    });
  }
}

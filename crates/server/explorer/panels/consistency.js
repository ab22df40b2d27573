// Growth between two sizes: the proof, verified here, and the boundary between old and new, drawn.

import { byId } from "../dom.js";
import { count, whole } from "../format.js";
import { growthRows } from "../rows.js";
import { latest } from "../latest.js";
import { drawTree } from "../tree_drawing.js";
import { showError, showVerdict, TOLD_ADVICE, worth } from "../verdict.js";
import { decodeConsistency, verifyConsistency } from "../verifier/consistency.js";
import { bytesOf } from "../verifier/document.js";
import { u64 } from "../verifier/number.js";

export function consistencyPanel(page) {
  const [form, verdict] = [byId("growth-form"), byId("growth-verdict")];
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const { from, to } = Object.fromEntries(new FormData(form));
    page.go({ from: from.trim().replaceAll(",", ""), to: to.trim().replaceAll(",", "") });
  });

  const begin = latest();
  /** Shows the growth of a route. */
  return async ({ from, to }) => {
    const isLatest = begin();
    form.elements.from.value = from;
    form.elements.to.value = to ?? "";
    showVerdict(verdict, "busy", "Verifying …");
    byId("growth-result").hidden = true;
    try {
      const proven = await prove(page, { from, to });
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

async function prove({ server, tree, trust, feed }, { from, to }) {
  const old = await server.root(u64(from, "the earlier size"));
  const head = to ? await server.root(u64(to, "the later size")) : await feed.refresh();
  const document = await server.consistency(old.size, head.size);
  const proof = decodeConsistency(bytesOf(document), tree.arity);
  const steps = await verifyConsistency(proof, tree.hasher, old, head);
  // The old head is then linked too, because it is an earlier head of the same tree.
  return { proof, steps, old, head, document, link: await trust.link(head) };
}

function tell(verdict, { proof, old, head, link }) {
  const { kind, head: words } = worth(link);
  const hashes = proof.groups.reduce((sum, group) => sum + group.left + group.right, 0);
  showVerdict(
    verdict,
    kind,
    `The first ${count(old.size, "leaf", "leaves")} of ${whole(head.size)} are the same`,
    `Verified in this browser: ${count(hashes, "hash", "hashes")} of the proof lead to both ` +
      `roots. The later one is that of ${words}.`,
    kind === "own" && TOLD_ADVICE,
  );
}

function show({ steps, old, head, document }) {
  byId("growth-old").textContent = String(old);
  byId("growth-new").textContent = String(head);
  byId("growth-json").textContent = JSON.stringify(document, undefined, 2);
  byId("growth-result").hidden = false;
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

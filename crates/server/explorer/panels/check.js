// A proof from anywhere, against a head that the reader gives.

import { byId } from "../dom.js";
import { count, whole } from "../format.js";
import { showError, showVerdict } from "../verdict.js";
import { verifyConsistency } from "../verifier/consistency.js";
import { decode, proofBytes } from "../verifier/document.js";
import { Head } from "../verifier/head.js";
import { hexFromBytes } from "../verifier/hex.js";
import { verifyInclusion } from "../verifier/inclusion.js";
import { Refusal } from "../verifier/refusal.js";

export function checkPanel({ tree, trust }) {
  const [form, verdict] = [byId("check-form"), byId("check-verdict")];
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const fields = Object.fromEntries(new FormData(form));
    try {
      await check(tree, trust, fields, verdict);
    } catch (error) {
      showError(verdict, error, "The proof is refused");
    }
  });
}

async function check(tree, trust, { proof: text, head: headText, old: oldText }, verdict) {
  const head = headText.trim() === "" ? trust.headOfTree : Head.parse(headText);
  if (head === undefined) {
    throw new Refusal("no head is given, and none is trusted");
  }
  const { inclusion, consistency } = decode(proofBytes(text), tree.arity);
  if (inclusion !== undefined) {
    await verifyInclusion(inclusion, tree.hasher, head);
    showVerdict(
      verdict,
      "good",
      `The proof holds: leaf ${whole(inclusion.index)} of ${whole(head.size)}`,
      `The leaf is ${hexFromBytes(inclusion.leaf)}.`,
    );
    return;
  }
  if (oldText.trim() === "") {
    throw new Refusal("a consistency proof wants the earlier head too");
  }
  const old = Head.parse(oldText);
  await verifyConsistency(consistency, tree.hasher, old, head);
  const grown = count(head.size - old.size, "leaf", "leaves");
  showVerdict(verdict, "good", `The proof holds: the tree only grew, by ${grown}`);
}

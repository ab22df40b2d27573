// A proof from anywhere, against a head that the reader gives.

import { byId } from "../dom.js";
import { count, whole } from "../format.js";
import { showError, showVerdict } from "../verdict.js";
import { proofBytes } from "../verifier/document.js";
import {
  Head,
  hexFromBytes,
  kindOf,
  Refused,
  verifyCatchUp,
  verifyConsistency,
  verifyInclusion,
  verifyLeaves,
} from "../verifier/rotortree-verify.mjs";

export function checkPanel({ tree, trust }) {
  const [form, verdict] = [byId("check-form"), byId("check-verdict")];
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const fields = Object.fromEntries(new FormData(form));
    try {
      showVerdict(verdict, "good", ...(await check(tree, trust, fields)));
    } catch (error) {
      showError(verdict, error, "The proof is refused");
    }
  });
}

/** What a proof that holds says, in sentences. */
async function check({ arity, hasher }, trust, { proof: text, head: headText, old: oldText }) {
  const head = headText.trim() === "" ? trust.headOfTree : Head.parse(headText);
  if (head === undefined) {
    throw new Refused("no head is given, and none is trusted");
  }
  const proof = proofBytes(text);
  switch (kindOf(proof)) {
    case "inclusion proof": {
      const { index, leaf } = await verifyInclusion(proof, arity, hasher, head);
      return [
        `The proof holds: leaf ${whole(index)} of ${whole(head.size)}`,
        `The leaf is ${hexFromBytes(leaf)}.`,
      ];
    }
    case "multiproof":
    case "range proof": {
      const { leaves } = await verifyLeaves(proof, arity, hasher, head);
      const some = count(leaves.length, "leaf", "leaves");
      return [`The proof holds: ${some} of ${whole(head.size)}`, ends(leaves)];
    }
    case "consistency proof": {
      const old = earlier(oldText);
      await verifyConsistency(proof, arity, hasher, old, head);
      const grown = count(head.size - old.size, "leaf", "leaves");
      return [`The proof holds: the tree only grew, by ${grown}`];
    }
    case "catch-up proof": {
      const { leaves } = await verifyCatchUp(proof, arity, hasher, earlier(oldText), head);
      const grown = count(leaves.length, "leaf", "leaves");
      return [`The proof holds: the tree grew by exactly these ${grown}`, ends(leaves)];
    }
    default:
      throw new Refused(`the bytes are a ${kindOf(proof)}, which proves nothing`);
  }
}

function earlier(text) {
  if (text.trim() === "") {
    throw new Refused("a proof of growth wants the earlier head too");
  }
  return Head.parse(text);
}

/** The first and the last of some leaves; nothing of none. */
function ends(leaves) {
  const named = ({ index, leaf }) => `leaf ${whole(index)} is ${hexFromBytes(leaf)}`;
  return leaves.length > 0 && `From the left, ${[leaves[0], leaves.at(-1)].map(named).join("; ")}.`;
}

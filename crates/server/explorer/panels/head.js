// The head now, and what tree it is of.

import { byId } from "../dom.js";
import { rate, whole } from "../format.js";
import { depth, hexFromBytes } from "../verifier/rotortree-verify.mjs";

const COPIED_MILLISECONDS = 1500;

export function headPanel({ tree, info, feed, growth, clock }) {
  const set = (id, text) => {
    byId(id).textContent = text;
  };
  set("tree-hash", tree.hash);
  set(
    "tree-by",
    tree.isVerifiable
      ? `computed here by ${tree.hasher.by}`
      : "not computed by this page: proofs are shown, not verified",
  );
  set("version", `rotortree ${info.version ?? ""}`);
  feed.listen((head) => {
    set("size", whole(head.size));
    set("root", hexFromBytes(head.root));
    set("depth", whole(depth(head.size, tree.arity)));
    set("depth-note", `levels of hashes, groups of ${tree.arity}`);
    document.title = `${whole(head.size)} leaves · rotortree`;
  });
  clock.listen((now) => set("rate", rate(growth.rate(now))));
  copyButton(byId("copy-root"), () => `${feed.head.size}:${hexFromBytes(feed.head.root)}`);
}

/** Copies a text. Over plain HTTP browsers have no clipboard, and the button goes. */
function copyButton(button, text) {
  if (navigator.clipboard === undefined) {
    button.hidden = true;
    return;
  }
  const label = button.textContent;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text());
    button.textContent = "Copied";
    setTimeout(() => {
      button.textContent = label;
    }, COPIED_MILLISECONDS);
  });
}

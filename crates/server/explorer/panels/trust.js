// The head that the reader trusts, and whether the newest head belongs to it.

import { byId } from "../dom.js";
import { count } from "../format.js";
import { showError, showVerdict } from "../verdict.js";
import { LINKED, PINNED } from "../trust.js";
import { Head, Refused } from "../verifier/rotortree-verify.mjs";

const CONTRADICTION = "The server's head does not belong to the one that you trust";

export function trustPanel({ trust, feed, showAgain }) {
  const [form, field, verdict] = ["trust-form", "trust-head", "trust-verdict"].map(byId);
  let isChecking = false;

  const show = () => {
    field.value = trust.head === undefined ? "" : String(trust.head);
    byId("trust-forget").hidden = trust.head === undefined;
  };

  const check = async () => {
    // One check at a time; what changes meanwhile is checked behind it.
    if (isChecking || feed.head === undefined) {
      return;
    }
    isChecking = true;
    const [head, trusted] = [feed.head, trust.head];
    const isNewest = () => feed.head === head && trust.head === trusted;
    try {
      const link = await trust.link(head);
      if (trust.head === trusted) {
        tell(verdict, link, head, trusted);
      }
    } catch (error) {
      showError(verdict, error, error instanceof Refused ? CONTRADICTION : "Not verified");
    } finally {
      isChecking = false;
    }
    if (!isNewest()) {
      check();
    }
  };

  const change = (action) => {
    try {
      action();
    } catch (error) {
      showError(verdict, error, "This is no head to trust");
      return;
    }
    show();
    check();
    showAgain();
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    change(() => trust.pin(Head.parse(field.value)));
  });
  byId("trust-now").addEventListener("click", () => change(() => trust.pin(feed.head)));
  byId("trust-forget").addEventListener("click", () => change(() => trust.forget()));
  feed.listen(check);
  show();
}

function tell(verdict, link, head, trusted) {
  if (link === PINNED) {
    showVerdict(verdict, "good", "The newest head is the one that you trust");
  } else if (link === LINKED && head.size > trusted.size) {
    const grown = count(head.size - trusted.size, "leaf", "leaves");
    showVerdict(
      verdict,
      "good",
      "The newest head extends the one that you trust",
      `A consistency proof, verified in this browser: the tree only grew, by ${grown} since.`,
    );
  } else if (link === LINKED) {
    const behind = count(trusted.size - head.size, "leaf", "leaves");
    showVerdict(
      verdict,
      "own",
      "The newest head is older than the one that you trust",
      `It is proven to be an earlier head of the same tree. The server is ${behind} behind.`,
    );
  } else {
    showVerdict(
      verdict,
      "own",
      "No head is trusted",
      "Until one is, a verified proof shows that the server agrees with itself, and no more.",
    );
  }
}

// What came of a check: a mark, a sentence, and the reason below it.

import { html } from "./dom.js";
import { LINKED, PINNED, TOLD } from "./trust.js";

const MARKS = { good: "✓", own: "!", bad: "✕", busy: "…" };

/** `kind` is `good`, `own` (the server agrees with itself), `bad` or `busy`. */
export function showVerdict(element, kind, sentence, ...reasons) {
  element.className = `verdict ${kind}`;
  element.replaceChildren(
    html("span", { class: "mark", "aria-hidden": "true" }, MARKS[kind]),
    html(
      "div",
      {},
      html("p", { class: "sentence" }, sentence),
      ...reasons.filter(Boolean).map((reason) => html("p", {}, reason)),
    ),
  );
  element.hidden = false;
}

/** An error as a verdict: why a proof is refused, or what the server says. */
export function showError(element, error, sentence) {
  const text = error instanceof Error ? error.message : String(error);
  showVerdict(
    element,
    "bad",
    sentence,
    `${capital(text)}.`,
    error.next && `${capital(error.next)}.`,
  );
}

/** The kind of verdict that a verified proof deserves, and the words for its head. */
export function worth(link) {
  return {
    [PINNED]: { kind: "good", head: "the head that you trust" },
    [LINKED]: { kind: "good", head: "a head that is proven to belong to the one that you trust" },
    [TOLD]: { kind: "own", head: "the head that this server tells" },
  }[link];
}

export const TOLD_ADVICE =
  "So the server agrees with itself. To know more, set a trusted head from another source above.";

export function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

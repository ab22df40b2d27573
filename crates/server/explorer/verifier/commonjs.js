// Loads CommonJS files, unchanged, as modules.
//
// `poseidon-lite` is published as CommonJS, which browsers do not know. Its files without `require`
// are scripts that assign to `module.exports`, and so can run as modules once `module` and
// `exports` are there.

import { Lazy } from "./lazy.js";

const loaded = new Lazy();
let turn = Promise.resolve();

/** What the file at this address exports. */
export function load(url) {
  return loaded.get(String(url), () => {
    // One after the other, because all of them find the same two variables.
    const result = turn.then(() => evaluate(String(url)));
    turn = result.catch(() => undefined);
    return result;
  });
}

async function evaluate(url) {
  const module = { exports: {} };
  Object.assign(globalThis, { module, exports: module.exports });
  try {
    const namespace = await import(url);
    // Node knows CommonJS, and gives the exports as the default of the module.
    return namespace.default ?? module.exports;
  } finally {
    delete globalThis.module;
    delete globalThis.exports;
  }
}

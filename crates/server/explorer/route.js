// What the page shows stands behind the `#` of its address, which can be sent and gone back to.

/** `#leaf=5&at=300` or `#from=5&to=300` as an object of texts. */
export function parseRoute(fragment) {
  const fields = new URLSearchParams(fragment.replace(/^#/, ""));
  return Object.fromEntries([...fields].map(([name, value]) => [name, value.trim()]));
}

export function formatRoute(fields) {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined && value !== "");
  return `#${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`;
}

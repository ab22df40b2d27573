// Values that are made when they are first wanted.

export class Lazy {
  #values = new Map();

  /** The promise for a key. A failure is forgotten, so that the next caller tries again. */
  get(key, make) {
    if (!this.#values.has(key)) {
      const value = make();
      this.#values.set(key, value);
      value.catch(() => this.#values.delete(key));
    }
    return this.#values.get(key);
  }
}

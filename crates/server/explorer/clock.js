// Seconds that do not jump, and a tick for what changes with time alone.

const TICK_MILLISECONDS = 1000;

export class Clock {
  #listeners = [];

  constructor() {
    setInterval(() => this.#tick(), TICK_MILLISECONDS);
  }

  now() {
    return performance.now() / 1000;
  }

  /** Calls `listener(now)` every second in which the page is seen. */
  listen(listener) {
    this.#listeners.push(listener);
  }

  #tick() {
    if (document.visibilityState === "visible") {
      this.#listeners.forEach((listener) => listener(this.now()));
    }
  }
}

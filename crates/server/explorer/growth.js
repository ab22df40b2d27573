// The sizes that the tree had while this page was open, and what follows from them for charts.

const WINDOW_SECONDS = 300;
const SHORTEST_SECONDS = 30;
const RATE_SECONDS = 10;

/** Sizes over the last minutes. Times are seconds. */
export class Growth {
  #samples = [];

  add(time, size) {
    this.#samples.push({ time, size: Number(size) });
    // One sample before the window says what the size was when it began.
    while (this.#samples.length > 1 && this.#samples[1].time <= time - WINDOW_SECONDS) {
      this.#samples.shift();
    }
  }

  /** The first time that is known. */
  get since() {
    return this.#samples[0]?.time;
  }

  /** The size at a time; before the first sample, that of the first. */
  sizeAt(time) {
    const before = this.#samples.findLast((sample) => sample.time <= time);
    return (before ?? this.#samples[0])?.size ?? 0;
  }

  /** Leaves a second over the last seconds. */
  rate(now) {
    const seconds = Math.min(RATE_SECONDS, now - (this.since ?? now));
    return seconds < 1 ? 0 : (this.sizeAt(now) - this.sizeAt(now - seconds)) / seconds;
  }

  /** The seconds that charts show: those since the first sample, within bounds. */
  window(now) {
    const known = now - (this.since ?? now);
    return Math.min(WINDOW_SECONDS, Math.max(SHORTEST_SECONDS, known));
  }

  /** The sizes within the window; `at` goes from 0 to 1, which is now. */
  sizes(now) {
    const window = this.window(now);
    const points = this.#samples.map(({ time, size }) => ({
      at: Math.max(0, 1 - (now - time) / window),
      value: size,
    }));
    return [...points, { at: 1, value: this.sizeAt(now) }];
  }

  /** Leaves a second in each of `count` equal parts of the window, the newest last. */
  rates(now, count) {
    const width = this.window(now) / count;
    return Array.from({ length: count }, (_, at) => {
      const end = now - (count - 1 - at) * width;
      return (this.sizeAt(end) - this.sizeAt(end - width)) / width;
    });
  }
}

// The durable heads as they come. Listeners hear of the newest one, a few times a second at most.

const PAUSE_MILLISECONDS = 250;

export class Feed {
  #server;
  #listeners = [];
  #onState;
  #pending;
  #isPaused = false;

  /** The newest head that listeners have heard of. */
  head;

  constructor(server, onState) {
    this.#server = server;
    this.#onState = onState;
  }

  /** Calls `listener(head)` for each head from now on. */
  listen(listener) {
    this.#listeners.push(listener);
  }

  start() {
    this.#server.follow(
      (head) => this.put(head),
      (state) => {
        this.#onState(state);
        // A stream that comes back tells only of larger trees. The tree may be another one now.
        if (state === "live" && this.head !== undefined) {
          this.refresh();
        }
      },
    );
  }

  /** Asks for the head, whatever the stream says; the head. */
  async refresh() {
    const head = await this.#server.head();
    this.put(head);
    return head;
  }

  put(head) {
    this.#pending = head;
    if (!this.#isPaused) {
      this.#tell();
    }
  }

  #tell() {
    const head = this.#pending;
    this.#pending = undefined;
    this.#isPaused = head !== undefined;
    if (head === undefined) {
      return;
    }
    setTimeout(() => this.#tell(), PAUSE_MILLISECONDS);
    if (this.head === undefined || !this.head.equals(head)) {
      this.head = head;
      for (const listener of this.#listeners) {
        listener(head);
      }
    }
  }
}

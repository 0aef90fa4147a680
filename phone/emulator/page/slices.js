/** Much work in small slices, so that the page answers its reader in between. */

/** Milliseconds of work at a stretch: too short to be felt, long enough that painting is not most of it. */
const SLICE = 25;

/** As many things as come, done one by one in their order; the first at once. */
export class Slices {
  #act;
  #waiting = [];
  #isAtWork = false;

  constructor(act) {
    this.#act = act;
  }

  add(thing) {
    this.#waiting.push(thing);
    if (!this.#isAtWork) this.#work();
  }

  /** Forget what is still waiting. */
  clear() {
    this.#waiting = [];
  }

  async #work() {
    this.#isAtWork = true;
    while (this.#waiting.length > 0) {
      const until = performance.now() + SLICE;
      while (this.#waiting.length > 0 && performance.now() < until) this.#act(this.#waiting.shift());
      await new Promise((go) => setTimeout(go));
    }
    this.#isAtWork = false;
  }
}

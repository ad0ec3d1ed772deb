/** Thrown into everything that was under way when the emulator was reset or closed. */
export class Cancelled extends Error {
  override name = 'Cancelled';
}

/** Waits that can all be called off at once, so that nothing happens any more in an emulator that was reset or closed. */
export class Timers {
  readonly #waiting = new Map<NodeJS.Timeout, (reason: Cancelled) => void>();
  #life = new AbortController();

  /** Aborted by the next reset or close. Another one each time: who still holds a former one belongs to the past. */
  get life(): AbortSignal {
    return this.#life.signal;
  }

  /** Resolves after so many ms; rejects with `Cancelled` when the waits are called off first. */
  wait(ms: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(timer);
        resolve();
      }, ms);
      this.#waiting.set(timer, reject);
    });
  }

  /** Calls off every wait under way. */
  cancelAll(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    this.#life.abort(new Cancelled('The emulator was reset or closed.'));
    this.#life = new AbortController();
    for (const [timer, reject] of waiting) {
      clearTimeout(timer);
      reject(new Cancelled('The emulator was reset or closed.'));
    }
  }
}

import { setTimeout } from 'node:timers/promises';

/** Thrown into everything that was under way when the emulator was reset or closed. */
export class Cancelled extends Error {
  override name = 'Cancelled';
}

/** Waits that can all be called off at once, so that nothing happens any more in an emulator that was reset or closed. */
export class Timers {
  #life = new AbortController();

  /** Aborted by the next reset or close. Another one each time: who still holds a former one belongs to the past. */
  get life(): AbortSignal {
    return this.#life.signal;
  }

  /** Resolves after so many ms; rejects with `Cancelled` when the waits are called off first. */
  async wait(ms: number): Promise<void> {
    const { signal } = this.#life;
    await setTimeout(ms, undefined, { signal }).catch(() => signal.throwIfAborted());
  }

  /** Calls off every wait under way. */
  cancelAll(): void {
    this.#life.abort(new Cancelled('The emulator was reset or closed.'));
    this.#life = new AbortController();
  }
}

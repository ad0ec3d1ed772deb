import { setImmediate } from 'node:timers/promises';
import { CaseClock } from '../crash/case-clock.ts';

interface Event {
  readonly atMs: number;
  readonly order: number;
  readonly happen: () => void;
}

/** When every simulation begins, so that each run of a seed sees the same instants. */
const STARTS_AT_MS = Date.UTC(2027, 0, 4, 9);
/** A story of some dozens of invocations has a few hundred events; one that has so many never ends. */
const EVENTS_MAX = 50_000;

/**
 * Time that passes only when everybody waits: then the next event happens, whichever is the earliest. Nothing else decides an order,
 * so the delays that a seed draws decide every order.
 */
export class VirtualTime extends CaseClock {
  #passedMs = 0;
  #events: Event[] = [];
  #happened = 0;
  #ordered = 0;

  override now = (): number => STARTS_AT_MS + this.#passedMs;
  override elapsed = (): number => this.#passedMs;
  override sleep = (ms: number): Promise<void> => new Promise((resolve) => this.in(ms, resolve));

  override advance(ms: number): void {
    this.#passedMs += ms;
  }

  override moveTo(nowMs: number): void {
    this.#passedMs = Math.max(this.#passedMs, nowMs - STARTS_AT_MS);
  }

  /** Lets something happen after so many ms, in whole ones as clocks have them. What is to happen in the same ms happens in the order of the calls. */
  in(ms: number, happen: () => void): void {
    this.#ordered += 1;
    const event = { atMs: this.#passedMs + Math.max(0, Math.round(ms)), order: this.#ordered, happen };
    // The newest is mostly the latest, or nearly so.
    let place = this.#events.length;
    while (place > 0 && isEarlier(event, this.#events[place - 1])) place -= 1;
    this.#events.splice(place, 0, event);
  }

  /** Lets everything happen that is to happen, and everything that follows from it. */
  async drain(): Promise<void> {
    do await setImmediate();
    while (this.#next());
  }

  /** Lets things happen until this is done; throws when it waits for something that is no part of the simulation. */
  async until<Value>(work: Promise<Value>): Promise<Value> {
    let isDone = false;
    const settled = work.finally(() => void (isDone = true)).catch(() => undefined);
    for (;;) {
      await setImmediate();
      if (isDone) return settled.then(() => work);
      if (!this.#next()) throw new Error('a job waits for something that is not simulated');
    }
  }

  #next(): boolean {
    const event = this.#events.shift();
    if (!event) return false;
    this.#happened += 1;
    if (this.#happened > EVENTS_MAX) throw new Error('the story never ends');
    this.#passedMs = Math.max(this.#passedMs, event.atMs);
    event.happen();
    return true;
  }
}

const isEarlier = (event: Event, other: Event | undefined): boolean => other !== undefined && event.atMs < other.atMs;

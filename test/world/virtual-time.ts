import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../functions/io/clock.ts';

interface Event {
  readonly atMs: number;
  readonly happen: () => void;
}

/** When every story begins, so that each run of it sees the same instants. */
const STARTS_AT_MS = Date.UTC(2027, 0, 4, 9);
/** A story of some dozens of invocations has a few thousand events; one that has so many never ends. */
const EVENTS_MAX = 50_000;

/**
 * Time that passes only when everybody waits: then the next event happens, whichever is the earliest. Nothing else decides an order,
 * so whoever chooses the delays chooses every order.
 */
export class VirtualTime implements Clock {
  #passedMs = 0;
  readonly #events: Event[] = [];
  #happened = 0;
  readonly #quiet: (() => void)[] = [];
  readonly #outside = new Set<Promise<unknown>>();
  /** Which of the events of one ms comes first. */
  readonly order: 'first' | 'last';

  constructor(order: 'first' | 'last' = 'first') {
    this.order = order;
  }

  now = (): number => STARTS_AT_MS + this.#passedMs;
  elapsed = (): number => this.#passedMs;
  sleep = (ms: number): Promise<void> => new Promise((resolve) => this.in(ms, resolve));
  /** Sleeps until this instant, in ms since 1970; not at all when it has passed. */
  sleepTo = (nowMs: number): Promise<void> => this.sleep(nowMs - this.now());

  /** Lets something happen after so many ms, in whole ones as clocks have them. */
  in(ms: number, happen: () => void): void {
    const event = { atMs: this.#passedMs + Math.max(0, Math.round(ms)), happen };
    // The newest is mostly the latest, or nearly so.
    let place = this.#events.length;
    while (place > 0 && this.#isBefore(event, this.#events[place - 1])) place -= 1;
    this.#events.splice(place, 0, event);
  }

  /** Resolves when everything has happened that is to happen, and everything that follows from it. */
  quiet(): Promise<void> {
    return new Promise((resolve) => void this.#quiet.push(resolve));
  }

  /** Waits for something real, such as an answer of a database: meanwhile no time passes and nothing else happens. */
  async outside<Value>(work: Promise<Value>): Promise<Value> {
    this.#outside.add(work);
    try {
      return await work;
    } finally {
      this.#outside.delete(work);
    }
  }

  /** Lets things happen until this is done; throws when it waits for something that is no part of the story. */
  async run<Value>(work: Promise<Value>): Promise<Value> {
    let isDone = false;
    const settled = work.catch(() => undefined).finally(() => void (isDone = true));
    for (;;) {
      await setImmediate();
      if (isDone) return settled.then(() => work);
      if (this.#outside.size > 0) await Promise.allSettled(this.#outside);
      else if (!this.#next()) throw new Error('a job waits for something that is no part of the story');
    }
  }

  #next(): boolean {
    const event = this.#events.shift();
    if (!event) {
      const resolve = this.#quiet.pop();
      resolve?.();
      return resolve !== undefined;
    }
    this.#happened += 1;
    if (this.#happened > EVENTS_MAX) throw new Error('the story never ends');
    this.#passedMs = event.atMs;
    event.happen();
    return true;
  }

  #isBefore({ atMs }: Event, other: Event | undefined): boolean {
    return other !== undefined && (atMs < other.atMs || (atMs === other.atMs && this.order === 'last'));
  }
}

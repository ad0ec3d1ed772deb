import type { FaultKind } from './faults.ts';
import type { OperationName } from './operations.ts';

/** Things that a careful client never does. The emulator may serve them all the same, but it counts them. */
export type ClientBug =
  | 'missing-slash'
  | 'redirect-followed'
  | 'redirected-post'
  | 'bearer-prefix'
  | 'not-json'
  | 'inboxes-missing'
  | 'contact-ids-with-inbox'
  | 'empty-contact-ids-with-inbox'
  | 'duplicate-contact-ids';

/** One request to the API, from the moment its head was read. */
export interface Call {
  /** 1 for the first request since the start or the last reset. */
  seq: number;
  /** When it arrived, in ms since the epoch. */
  at: number;
  method: string;
  /** Without the query. */
  path: string;
  /** The parameters; one that is repeated has its values joined by commas. */
  query: Record<string, string>;
  /** Undefined where no operation has this path and method. */
  operation: OperationName | undefined;
  /** The parsed JSON, or the text where it is no JSON or too long to keep whole; undefined without a body. */
  body: unknown;
  /** The status that was sent; null while there is none, and for ever if the connection ended without one. */
  status: number | null;
  /** The fault that befell it. */
  fault: FaultKind | null;
  /** When its effect was made, in ms since the epoch; null if there was none (yet). */
  committedAt: number | null;
  bugs: ClientBug[];
}

// Enough for a load test of an hour at five requests a second, and small enough to stay in memory.
const callsMax = 20_000;

/** The log of calls: the newest 20,000. */
export class CallLog {
  /** Oldest first. */
  readonly entries: Call[] = [];
  #seq = 0;
  readonly #bugs: Partial<Record<ClientBug, number>> = {};

  /** Opens the entry of a request. */
  open(request: Pick<Call, 'method' | 'path' | 'query' | 'operation' | 'body'>): Call {
    this.#seq += 1;
    const call: Call = {
      seq: this.#seq,
      at: Date.now(),
      ...request,
      status: null,
      fault: null,
      committedAt: null,
      bugs: [],
    };
    this.entries.push(call);
    if (this.entries.length > callsMax) this.entries.shift();
    return call;
  }

  /** Counts a mistake of the client, once for each request. */
  blame(call: Call, bug: ClientBug): void {
    if (call.bugs.includes(bug)) return;
    call.bugs.push(bug);
    this.#bugs[bug] = (this.#bugs[bug] ?? 0) + 1;
  }

  /** How often each mistake was made since the start or the last reset, calls no longer in the log included. */
  get bugs(): Partial<Record<ClientBug, number>> {
    return { ...this.#bugs };
  }

  /** Forgets every call and every mistake. */
  clear(): void {
    this.entries.length = 0;
    this.#seq = 0;
    for (const bug of Object.keys(this.#bugs)) delete this.#bugs[bug as ClientBug];
  }
}

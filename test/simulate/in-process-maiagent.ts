import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../functions/io/clock.ts';
import type { HttpSend } from '../../functions/io/https.ts';
import type { Transport } from '../../functions/rules/maiagent/outcome.ts';
import { answerApi } from '../../local/emulator/api.ts';
import { Store } from '../../local/emulator/state/store.ts';
import type { ContactRow } from '../../local/emulator/state/rows.ts';
import type { Switches } from '../../local/emulator/state/switches.ts';
import { Timers } from '../../local/emulator/state/timers.ts';
import { createWorld, type World } from '../../local/emulator/state/world.ts';
import { inboxId } from '../rigs/real-parts.ts';

/** Where the requests of a simulation go; nothing listens there. */
export const simulatedOrigin = 'http://maiagent.example';

/** A store whose ids and instants follow from the simulation, and so are the same each time. */
class SimulatedStore extends Store {
  #ids = 0;

  constructor(clock: Clock) {
    super([{ id: inboxId, name: 'Sample inbox' }], () => clock.now());
  }

  override addContact(fields: Partial<ContactRow>): ContactRow {
    this.#ids += 1;
    const id = `00000000-0000-4000-8000-${String(this.#ids).padStart(12, '0')}`;
    return super.addContact({ id, ...fields });
  }
}

class SimulatedTimers extends Timers {
  readonly #clock: Clock;

  constructor(clock: Clock) {
    super();
    this.#clock = clock;
  }

  override wait(ms: number): Promise<void> {
    return this.#clock.sleep(ms);
  }
}

/** The emulator's state and its handlers, without its sockets: its waits pass in the simulation's time. */
export function simulatedWorld(clock: Clock, switches: Partial<Switches>): World {
  const world = createWorld({ apiKey: 'sampleKey', inboxes: [{ id: inboxId, name: 'Sample inbox' }], switches });
  return { ...world, store: new SimulatedStore(clock), timers: new SimulatedTimers(clock) };
}

/** Sends a request into a world; what comes back is what the emulator would have put on the wire. */
export function sendInto(world: World): HttpSend {
  return async ({ method, url, headers, body }): Promise<Transport> => {
    const request = {
      method,
      url: url.pathname + url.search,
      headers: { ...headers, host: url.host },
      async *[Symbol.asyncIterator]() {
        if (body !== undefined) yield Buffer.from(body);
      },
    };
    const response = new Answer();
    await answerApi(world, request as unknown as IncomingMessage, response as unknown as ServerResponse);
    return { kind: 'reply', status: response.status, headers: response.headers, body: response.body };
  };
}

/** As much of a response as the emulator writes to. */
class Answer {
  readonly destroyed = false;
  readonly headersSent = false;
  status = 0;
  headers: Record<string, string> = {};
  body = '';

  writeHead(status: number, headers: Record<string, string>): void {
    this.status = status;
    this.headers = headers;
  }

  end(bytes: Buffer): void {
    this.body = bytes.toString('utf8');
  }
}

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../functions/io/clock.ts';
import { httpSender, type HttpSend } from '../../functions/io/https.ts';
import type { Transport } from '../../functions/rules/maiagent/outcome.ts';
import { answerApi } from '../../local/emulator/api.ts';
import { startEmulator } from '../../local/emulator/server.ts';
import type { Call } from '../../local/emulator/state/calls.ts';
import type { Faults } from '../../local/emulator/state/faults.ts';
import type { ContactRow } from '../../local/emulator/state/rows.ts';
import { Store } from '../../local/emulator/state/store.ts';
import type { Switches } from '../../local/emulator/state/switches.ts';
import { Timers } from '../../local/emulator/state/timers.ts';
import { createWorld, type World as EmulatorWorld } from '../../local/emulator/state/world.ts';
import { inboxId } from '../rigs/real-parts.ts';
import type { VirtualTime } from './virtual-time.ts';

/** MaiAgent as a story has it: its state, and the way there. */
export interface MaiAgentHere {
  readonly origin: string;
  readonly store: Store;
  readonly send: HttpSend;
  readonly faults: Faults;
  /** Every request that reached it, oldest first. */
  readonly calls: readonly Call[];
  /** How often clients did what a careful client never does. */
  bugs(): object;
  close(): Promise<void>;
}

const inboxes = [{ id: inboxId, name: 'Sample inbox' }];
const apiKey = 'sampleKey';

/** The emulator's state and its handlers, without its sockets: its waits pass in the story's time. */
export function maiAgentInMemory(time: Clock, switches: Partial<Switches>): MaiAgentHere {
  const world = {
    ...createWorld({ apiKey, inboxes, switches }),
    store: new StoreInMemory(time),
    timers: new TimersOf(time),
  };
  return {
    // Nothing listens there.
    origin: 'http://maiagent.example',
    store: world.store,
    send: sendInto(world),
    faults: world.faults,
    calls: world.calls.entries,
    bugs: () => world.calls.bugs,
    close: () => Promise.resolve(),
  };
}

/** The emulator behind HTTP, with the story's clock. Its waits are real ones. */
export async function maiAgentOverHttp(time: VirtualTime, switches: Partial<Switches>): Promise<MaiAgentHere> {
  const emulator = await startEmulator({ apiKey, inboxes, switches, now: time.now });
  const send = httpSender();
  return {
    origin: emulator.url,
    store: emulator.store,
    faults: emulator.faults,
    calls: emulator.calls,
    send: (request) => time.outside(send(request)),
    bugs: () => emulator.clientBugs(),
    close: () => emulator.close(),
  };
}

/** A store whose ids and instants follow from the story, and so are the same each time. */
class StoreInMemory extends Store {
  #ids = 0;

  constructor(clock: Clock) {
    super(inboxes, () => clock.now());
  }

  override addContact(fields: Partial<ContactRow>): ContactRow {
    this.#ids += 1;
    const id = `00000000-0000-4000-8000-${String(this.#ids).padStart(12, '0')}`;
    return super.addContact({ id, ...fields });
  }
}

class TimersOf extends Timers {
  readonly #clock: Clock;

  constructor(clock: Clock) {
    super();
    this.#clock = clock;
  }

  override wait(ms: number): Promise<void> {
    return this.#clock.sleep(ms);
  }
}

/** Sends a request into a world; what comes back is what the emulator would have put on the wire. */
function sendInto(world: EmulatorWorld): HttpSend {
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

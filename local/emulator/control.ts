import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { carriesKey, isFromThisMachine } from '../http/guard.ts';
import { answerBy, type LocalAnswer, type LocalRoutes, ok, sendJson } from '../http/local-http.ts';
import type { Call, ClientBug } from './state/calls.ts';
import type { FaultRule } from './state/faults.ts';
import type { ConversationRow, MessageRow } from './state/rows.ts';
import { changeSwitches } from './state/switches.ts';
import type { World } from './state/world.ts';
import { isObject } from './exchange.ts';
import type { Down } from './listener.ts';
import { addConversation, seedContacts } from './seed.ts';

// A seed of a hundred thousand contacts fits; more would be a mistake.
const bodyMaxBytes = 67_108_864;

/** What the control routes do to a running emulator, beside what they do to its world. */
export interface Controlled {
  /** The newest 20,000 requests to the API, oldest first; the list is live. */
  readonly calls: readonly Call[];
  /** How often clients did what a careful client never does. */
  clientBugs(): Partial<Record<ClientBug, number>>;
  /** The assistant says something in a conversation. */
  reply(conversation: ConversationRow, content: string): MessageRow;
  /** How the API is switched off, or undefined while it is on. */
  readonly isDown: Down | undefined;
  /** Switches the API off: connections are refused, or accepted and reset. Open connections are reset, but for the one to spare. */
  goDown(how: Down, spare?: Socket): Promise<void>;
  /** Switches the API on again, at the same address. */
  goUp(): Promise<void>;
  /** Back to the start: no rows, faults, calls; the switches it was started with; on. Whatever was under way is called off. */
  reset(): Promise<void>;
}

const made = (body: unknown): LocalAnswer => ({ status: 201, body });
const done: LocalAnswer = { status: 204, body: undefined };
const wrong = (detail: string): LocalAnswer => ({ status: 400, body: { detail } });

/** What there is to do, by method and path. A `TypeError` says what is wrong with a body. */
function routesOf(emulator: Controlled, { store, switches, faults, calls }: World): LocalRoutes {
  const setSwitches = async (body: unknown) => {
    const problem = changeSwitches(switches, body);
    return problem === undefined ? ok(switches) : wrong(problem);
  };
  const routes: LocalRoutes = {
    'GET /control': async () => ok({ routes: Object.keys(routes) }),
    'POST /control/reset': async () => {
      await emulator.reset();
      return done;
    },
    'POST /control/seed': async (body) => made({ contacts: seedContacts(store, body) }),
    'GET /control/contacts': async () => ok({ contacts: store.contacts }),
    'GET /control/conversations': async () => ok({ conversations: store.conversations }),
    'POST /control/conversations': async (body) => made(addConversation(store, body)),
    'POST /control/reply': async (body) => {
      const { conversationId, content } = isObject(body) ? body : {};
      const conversation = store.conversation(String(conversationId));
      if (conversation === undefined) return wrong('conversationId names no conversation');
      if (typeof content !== 'string' || content === '') return wrong('content takes a text');
      return made(emulator.reply(conversation, content));
    },
    'GET /control/switches': async () => ok(switches),
    'PATCH /control/switches': setSwitches,
    'POST /control/switches': setSwitches,
    'GET /control/faults': async () => ok({ faults: faults.rules }),
    'POST /control/faults': async (body) => {
      faults.add(...([body ?? {}].flat() as FaultRule[]));
      return made({ faults: faults.rules });
    },
    'DELETE /control/faults': async () => {
      faults.clear();
      return done;
    },
    'GET /control/calls': async (query) => {
      const { operation, after = 0 } = query as { readonly operation?: string; readonly after?: string };
      const wanted = emulator.calls.filter(
        (call) => call.seq > Number(after) && (operation ?? call.operation) === call.operation,
      );
      return ok({ calls: wanted, clientBugs: emulator.clientBugs() });
    },
    'DELETE /control/calls': async () => {
      calls.clear();
      return done;
    },
    'GET /control/down': async () => ok({ down: emulator.isDown ?? false }),
    'POST /control/down': async (body, { socket }) => {
      const down = isObject(body) ? body['down'] : undefined;
      if (down === false) await emulator.goUp();
      // The connection that asks is spared, so that it gets its answer.
      else if (down === 'refuse' || down === 'reset') await emulator.goDown(down, socket);
      else return wrong("down takes 'refuse', 'reset' or false");
      return ok({ down });
    },
  };
  return routes;
}

/** Answers control requests: from this machine alone, and only to who shows the key of the API. */
export function controlOf(emulator: Controlled, world: World) {
  const routes = routesOf(emulator, world);
  return async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const refuse = (status: number, detail: string) => sendJson(res, status, { detail });
    if (!isFromThisMachine(req, 'of-this-machine'))
      return refuse(403, 'The control routes answer to this machine alone.');
    if (!carriesKey(req, world.apiKey)) return refuse(401, 'Show the key of the API: Authorization: Api-Key <key>');
    req.url = req.url?.replace(/\/(?=\?|$)/, '') ?? '';
    // The API's own server ends with the connections that it has, when it is switched off.
    if (req.url === '/control/down') res.setHeader('connection', 'close');
    try {
      if (!(await answerBy(routes, req, res, bodyMaxBytes)))
        refuse(404, 'There is no such control route; GET /control lists them.');
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      refuse(400, error.message);
    }
  };
}

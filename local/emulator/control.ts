import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { parsedJson, readBody } from '../http/body.ts';
import { carriesKey, isFromThisMachine } from '../http/guard.ts';
import type { Call, ClientBug } from './state/calls.ts';
import type { FaultRule } from './state/faults.ts';
import type { ConversationRow, MessageRow } from './state/rows.ts';
import { changeSwitches } from './state/switches.ts';
import type { World } from './state/world.ts';
import { isObject, send, type Reply } from './exchange.ts';
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

/** A control request after the guard, with its JSON (undefined without a body). */
interface ControlRequest {
  emulator: Controlled;
  world: World;
  query: URLSearchParams;
  body: unknown;
  request: IncomingMessage;
}

const done: Reply = { status: 204 };

const routes: Record<string, (request: ControlRequest) => Reply | Promise<Reply>> = {
  'GET /control': () => ({ status: 200, body: { routes: Object.keys(routes) } }),
  'POST /control/reset': async ({ emulator }) => {
    await emulator.reset();
    return done;
  },
  'POST /control/seed': ({ world, body }) => ({ status: 201, body: { contacts: seedContacts(world.store, body) } }),
  'GET /control/contacts': ({ world }) => ({ status: 200, body: { contacts: world.store.contacts } }),
  'GET /control/conversations': ({ world }) => ({ status: 200, body: { conversations: world.store.conversations } }),
  'POST /control/conversations': ({ world, body }) => ({ status: 201, body: addConversation(world.store, body) }),
  'POST /control/reply': reply,
  'GET /control/switches': ({ world }) => ({ status: 200, body: world.switches }),
  'PATCH /control/switches': setSwitches,
  'POST /control/switches': setSwitches,
  'GET /control/faults': ({ world }) => ({ status: 200, body: { faults: world.faults.rules } }),
  'POST /control/faults': ({ world, body }) => {
    world.faults.add(...((Array.isArray(body) ? body : [body ?? {}]) as FaultRule[]));
    return { status: 201, body: { faults: world.faults.rules } };
  },
  'DELETE /control/faults': ({ world }) => {
    world.faults.clear();
    return done;
  },
  'GET /control/calls': calls,
  'DELETE /control/calls': ({ world }) => {
    world.calls.clear();
    return done;
  },
  'GET /control/down': ({ emulator }) => ({ status: 200, body: { down: emulator.isDown ?? false } }),
  'POST /control/down': setDown,
};

/** Answers a control request: from this machine alone, and only to who shows the key of the API. */
export async function answerControl(
  emulator: Controlled,
  world: World,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (!isFromThisMachine(request, 'of-this-machine'))
    return send(response, refuse(403, 'The control routes answer to this machine alone.'));
  if (!carriesKey(request, world.apiKey))
    return send(response, refuse(401, 'Show the key of the API: Authorization: Api-Key <key>'));
  const bytes = await readBody(request, bodyMaxBytes);
  if (!bytes) return send(response, refuse(413, `The body is over ${bodyMaxBytes} bytes.`));
  const body = bytes.length === 0 ? undefined : parsedJson(bytes.toString('utf8'));
  if (bytes.length > 0 && body === undefined) return send(response, refuse(400, 'The body is not JSON.'));
  const url = new URL(request.url ?? '/', 'http://127.0.0.1');
  const route = routes[`${request.method} ${url.pathname.replace(/\/$/, '')}`];
  if (route === undefined)
    return send(response, refuse(404, 'There is no such control route; GET /control lists them.'));
  try {
    return send(response, await route({ emulator, world, query: url.searchParams, body, request }));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return send(response, refuse(400, error.message));
  }
}

function setSwitches({ world, body }: ControlRequest): Reply {
  const problem = changeSwitches(world.switches, body);
  return problem === undefined ? { status: 200, body: world.switches } : refuse(400, problem);
}

async function setDown({ emulator, body, request }: ControlRequest): Promise<Reply> {
  const down = isObject(body) ? body['down'] : undefined;
  if (down === false) await emulator.goUp();
  // The connection that asks is spared, so that it gets its answer.
  else if (down === 'refuse' || down === 'reset') await emulator.goDown(down, request.socket);
  else return refuse(400, "down takes 'refuse', 'reset' or false");
  return { status: 200, body: { down }, headers: { connection: 'close' } };
}

function reply({ emulator, world, body }: ControlRequest): Reply {
  const { conversationId, content } = isObject(body) ? body : {};
  const conversation = world.store.conversation(String(conversationId));
  if (conversation === undefined) return refuse(400, 'conversationId names no conversation');
  if (typeof content !== 'string' || content === '') return refuse(400, 'content takes a text');
  return { status: 201, body: emulator.reply(conversation, content) };
}

function calls({ emulator, query }: ControlRequest): Reply {
  const operation = query.get('operation');
  const after = Number(query.get('after') ?? 0);
  const wanted = emulator.calls.filter((call) => call.seq > after && (operation ?? call.operation) === call.operation);
  return { status: 200, body: { calls: wanted, clientBugs: emulator.clientBugs() } };
}

function refuse(status: number, detail: string): Reply {
  return { status, body: { detail } };
}

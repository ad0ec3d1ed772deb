import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Cancelled } from './state/timers.ts';
import { createWorld, resetWorld, type World, type WorldOptions } from './state/world.ts';
import { answerApi } from './api.ts';
import { answerControl, type Controlled } from './control.ts';
import { send } from './exchange.ts';
import { hasLoopbackHost, isLoopbackOrigin } from '../http/guard.ts';
import { type Down, listen } from './listener.ts';
import { answerWebChat } from './web-chat.ts';

/** How to start an emulator. */
export interface EmulatorOptions extends WorldOptions {
  /** The address to listen on: 127.0.0.1 unless said otherwise. The control port is always on 127.0.0.1. */
  host?: string;
  /** The port of the API; 0, the default, takes any free one. */
  port?: number;
  /** The port of the control routes alone; 0, the default, takes any free one. */
  controlPort?: number;
}

/** A running emulator of MaiAgent's Contact API. */
export type Emulator = Awaited<ReturnType<typeof startEmulator>>;

/** Starts an emulator. Rejects if a port is taken, a switch does not exist, or its file cannot be read. */
export async function startEmulator(options: EmulatorOptions) {
  const world = createWorld(options);
  const underWay = new Set<ServerResponse>();
  const answer = (request: IncomingMessage, response: ServerResponse): void =>
    void dispatch(emulator, world, underWay, request, response);
  const host = options.host ?? '127.0.0.1';
  const api = await listen(host, options.port ?? 0, answer);
  const control = await listen('127.0.0.1', options.controlPort ?? 0, answer).catch(async (error: unknown) => {
    await api.close();
    throw error;
  });
  const { store, switches, faults, calls, timers } = world;
  let isDown: Down | undefined;
  const goUp = async () => {
    isDown = undefined;
    await api.goUp();
  };
  const emulator = {
    /** The origin of the API, without a slash at the end. */
    url: `http://${host.includes(':') ? `[${host}]` : host}:${api.port}`,
    /** The origin of the control routes and the web chat, which answer also while the API is down. */
    controlUrl: `http://127.0.0.1:${control.port}`,
    apiKey: options.apiKey,
    /** Every row, deleted ones too. */
    store,
    /** Set a switch by assigning to it. */
    switches,
    faults,
    calls: calls.entries,
    clientBugs: () => calls.bugs,
    reply: (conversation, content) => store.addMessage(conversation, { content }),
    get isDown() {
      return isDown;
    },
    async goDown(how: Down, spare?: Socket) {
      if (isDown !== undefined) await goUp();
      isDown = how;
      api.goDown(how, spare);
    },
    goUp,
    async reset() {
      resetWorld(world, options);
      for (const response of underWay) response.destroy();
      await goUp();
    },
    /** Stops everything; nothing keeps the process alive afterwards. */
    async close() {
      timers.cancelAll();
      await Promise.all([api.close(), control.close()]);
    },
  } satisfies Controlled & Record<string, unknown>;
  return emulator;
}

async function dispatch(
  emulator: Controlled & { readonly url: string },
  world: World,
  underWay: Set<ServerResponse>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = request.url ?? '/';
  try {
    // A stranger's page would come by DNS rebinding; an emulator that other machines may ask has names that nobody here knows.
    if (isLoopbackOrigin(emulator.url) && !hasLoopbackHost(request)) send(response, { status: 403 });
    else if (/^\/(api|redirected)\//.test(path)) {
      underWay.add(response);
      response.on('close', () => underWay.delete(response));
      await answerApi(world, request, response);
    } else if (/^\/control(\/|$|\?)/.test(path)) await answerControl(emulator, world, request, response);
    else await answerWebChat(world, request, response);
  } catch (error) {
    fail(error, request, response);
  }
}

// A request that was called off, or whose client went away, has nobody left to answer. Anything else is a bug of the emulator.
function fail(error: unknown, request: IncomingMessage, response: ServerResponse): void {
  if (error instanceof Cancelled || response.destroyed || request.errored !== null) return void response.destroy();
  console.error(error);
  return send(response, { status: 500, body: { detail: `The emulator failed: ${String(error)}` } });
}

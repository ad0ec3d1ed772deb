import type { IncomingMessage, ServerResponse } from 'node:http';
import { Cancelled } from './state/timers.ts';
import { createWorld, resetWorld, type WorldOptions } from './state/world.ts';
import { answerApi } from './api.ts';
import { type Controlled, controlOf } from './control.ts';
import { send } from './exchange.ts';
import { hasLoopbackHost } from '../http/guard.ts';
import { listen } from './listener.ts';
import { answerWebChat } from './web-chat.ts';

/** A running emulator of MaiAgent's Contact API. */
export type Emulator = Awaited<ReturnType<typeof startEmulator>>;

/** Starts an emulator on free ports of loopback. Rejects if a switch does not exist, or its file cannot be read. */
export async function startEmulator(options: WorldOptions) {
  const world = createWorld(options);
  const underWay = new Set<ServerResponse>();
  const answer = (request: IncomingMessage, response: ServerResponse): void =>
    void dispatch(request, response).catch((error: unknown) => fail(error, request, response));
  const api = await listen(answer);
  const control = await listen(answer);
  const { store, switches, faults, calls, timers } = world;
  const emulator = {
    /** The origin of the API, without a slash at the end. */
    url: `http://127.0.0.1:${api.port}`,
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
      return api.isDown;
    },
    goDown: api.goDown,
    goUp: api.goUp,
    async reset() {
      resetWorld(world, options);
      for (const response of underWay) response.destroy();
      await api.goUp();
    },
    /** Stops everything; nothing keeps the process alive afterwards. */
    async close() {
      timers.cancelAll();
      await Promise.all([api.close(), control.close()]);
    },
  } satisfies Controlled & Record<string, unknown>;
  const answerControl = controlOf(emulator, world);

  async function dispatch(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '/';
    // A stranger's page would come by DNS rebinding.
    if (!hasLoopbackHost(request)) return send(response, { status: 403 });
    if (/^\/control(\/|$|\?)/.test(path)) return answerControl(request, response);
    if (!/^\/(api|redirected)\//.test(path)) return answerWebChat(world, request, response);
    underWay.add(response);
    response.on('close', () => underWay.delete(response));
    return answerApi(world, request, response);
  }
  return emulator;
}

// A request that was called off, or whose client went away, has nobody left to answer. Anything else is a bug of the emulator.
function fail(error: unknown, request: IncomingMessage, response: ServerResponse): void {
  if (error instanceof Cancelled || response.destroyed || request.errored !== null) return void response.destroy();
  console.error(error);
  return send(response, { status: 500, body: { detail: `The emulator failed: ${String(error)}` } });
}

import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Call } from './state/calls.ts';
import type { FaultRule } from './state/faults.ts';
import type { Timers } from './state/timers.ts';
import { encode, send, type Reply } from './exchange.ts';

/** A request that is to be answered, one way or another. */
export interface Delivery {
  response: ServerResponse;
  call: Call;
  timers: Timers;
  url: URL;
  /** Makes the effect and gives the reply that belongs to it; `half` stops a broadcast in the middle. */
  perform: (half: boolean) => Promise<Reply>;
  /** What a false reply says in place of the true one, which is `undefined` where nothing was done. */
  falsify: (rule: FaultRule, truth: Reply | undefined) => Reply;
}

const latencyDefaultMs = 200;
const page502 = '<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>';
const page500 = '<!doctype html><html lang="en"><head><title>Server Error (500)</title></head><body></body></html>';
const serverError: Reply = { status: 500, body: page500 };

/** Answers a request, or fails to in the way that the fault says. */
export async function deliver(delivery: Delivery, fault: FaultRule | undefined): Promise<void> {
  const { perform } = delivery;
  if (fault === undefined) return reply(delivery, await perform(false));
  const ms = fault.ms ?? (fault.kind === 'latency' ? latencyDefaultMs : 0);
  if (ms > 0) await delivery.timers.wait(ms);
  switch (fault.kind) {
    case 'latency':
      return reply(delivery, await perform(false));
    case '401':
      return reply(delivery, refusal(401, 'Authentication credentials were not provided.'));
    case '403':
      return reply(delivery, refusal(403, 'You do not have permission to perform this action.'));
    case '429':
      return reply(delivery, refusal(429, 'Request was throttled.'));
    case '429-retry-after': {
      const headers = { 'retry-after': String(fault.retryAfterS ?? 1) };
      return reply(delivery, { ...refusal(429, 'Request was throttled.'), headers });
    }
    case '500':
      return reply(delivery, serverError);
    case '502-html':
      return reply(delivery, { status: 502, body: page502 });
    case 'redirect':
      // A path of its own: whoever asks for it has followed the redirect.
      return reply(delivery, {
        status: 302,
        headers: { location: `${delivery.url.origin}/redirected${delivery.url.pathname}` },
      });
    case 'reset-before':
      return reset(delivery);
    case 'timeout-before':
      return undefined;
    case 'reset-after-commit':
    case 'timeout-after-commit':
    case '500-after-commit':
      return afterCommit(delivery, fault);
    case 'truncated-json':
      return replyHalf(delivery, await perform(false), 'whole message');
    case 'cut-body':
      return replyHalf(delivery, await perform(false), 'cut off');
    case 'false-reply':
      return reply(delivery, delivery.falsify(fault, fault.effect === false ? undefined : await perform(false)));
    case 'half-broadcast':
      await perform(true);
      return reset(delivery);
  }
}

// With a delay the effect is a zombie: it comes after everybody has stopped waiting for it.
async function afterCommit(delivery: Delivery, { kind, delayedCommitMs }: FaultRule): Promise<void> {
  if (delayedCommitMs === undefined) {
    await delivery.perform(false);
    return end(delivery, kind);
  }
  const gone = once(delivery.response, 'close');
  end(delivery, kind);
  await gone;
  await delivery.timers.wait(delayedCommitMs);
  await delivery.perform(false);
}

function end(delivery: Delivery, kind: FaultRule['kind']): void {
  if (kind === 'reset-after-commit') reset(delivery);
  if (kind === '500-after-commit') reply(delivery, serverError);
}

function reply({ response, call }: Delivery, given: Reply): void {
  if (response.destroyed) return;
  call.status = given.status;
  send(response, given);
}

function reset({ response }: Delivery): void {
  response.socket?.resetAndDestroy();
}

// `whole message`: the length is honest and only the JSON is broken. `cut off`: the length is the full one, and the rest never comes.
function replyHalf({ response, call }: Delivery, { status, body }: Reply, how: 'whole message' | 'cut off'): void {
  if (response.destroyed) return;
  const { bytes, type } = encode(body ?? {});
  const half = bytes.subarray(0, Math.floor(bytes.length / 2));
  call.status = status;
  const length = how === 'whole message' ? half.length : bytes.length;
  response.writeHead(status, { 'content-type': type, 'content-length': String(length) });
  if (how === 'whole message') response.end(half);
  else response.write(half, () => response.destroy());
}

function refusal(status: number, detail: string): Reply {
  return { status, body: { detail } };
}

import type { IncomingMessage, ServerResponse } from 'node:http';
import { parsedJson, readBody } from '../http/body.ts';
import type { Call } from './state/calls.ts';
import type { FaultRule } from './state/faults.ts';
import { Cancelled } from './state/timers.ts';
import type { World } from './state/world.ts';
import { isObject, notFound, type Reply } from './exchange.ts';
import { falseReply } from './operations/false-reply.ts';
import { deliver } from './faulty-delivery.ts';
import { findRoute, type Route } from './routes.ts';
import { toCamel } from './wire.ts';

// Django's own limit of a request in memory (DATA_UPLOAD_MAX_MEMORY_SIZE).
const bodyMaxBytes = 2_621_440;
// A longer body is kept in the log as the beginning of its text, so that the log stays small.
const loggedBodyMaxBytes = 32_768;

interface Incoming {
  method: string;
  url: URL;
  headers: IncomingMessage['headers'];
  /** Undefined where there were too many. */
  bytes: Buffer | undefined;
  route: Route | undefined;
  call: Call;
}

/** Answers one request under `/api`, with the fault that befalls it. */
export async function answerApi(world: World, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const life = world.timers.life;
  const url = new URL(request.url ?? '/', `http://${request.headers.host ?? '127.0.0.1'}`);
  const method = request.method ?? 'GET';
  const bytes = await readBody(request, bodyMaxBytes);
  if (life.aborted) throw new Cancelled('The emulator was reset while the body arrived.');
  const route = findRoute(method, url.pathname);
  const call = world.calls.open({
    method,
    path: url.pathname,
    query: queryOf(url),
    operation: route?.operation?.name,
    body: loggedBody(bytes),
  });
  const incoming = { method, url, headers: request.headers, bytes, route, call };
  noteFollowedRedirect(world, incoming);
  const fault = route?.operation === undefined ? undefined : world.faults.take(route.operation.name);
  call.fault = fault?.kind ?? null;
  const perform = async (half: boolean) => {
    if (life.aborted) throw new Cancelled('The emulator was reset before the effect.');
    const reply = await answer(world, incoming, half);
    if (method !== 'GET' && reply.status < 300) call.committedAt = Date.now();
    return reply;
  };
  const falsify = (rule: FaultRule, truth: Reply | undefined) => falseReply(world, call, route?.id ?? '', rule, truth);
  await deliver({ response, call, timers: world.timers, url, perform, falsify }, fault);
}

function answer(world: World, incoming: Incoming, half: boolean): Reply | Promise<Reply> {
  const { method, url, headers, route, call } = incoming;
  const elsewhere = missingSlash(world, incoming);
  if (elsewhere !== undefined) return elsewhere;
  const refusal = refuseStranger(world, headers.authorization, call);
  if (refusal !== undefined) return refusal;
  if (route === undefined) return notFound;
  const { id, operation, allowed } = route;
  if (operation === undefined) {
    return { status: 405, body: { detail: `Method "${method}" not allowed.` }, headers: { allow: allowed.join(', ') } };
  }
  const body = readJson(world, incoming);
  if ('status' in body) return body;
  return operation.run(world, {
    operation: operation.name,
    id,
    query: url.searchParams,
    body: body.object,
    url,
    call,
    half,
  });
}

function missingSlash(world: World, { method, url, call }: Incoming): Reply | undefined {
  if (url.pathname.endsWith('/')) return undefined;
  world.calls.blame(call, 'missing-slash');
  if (world.switches.noSlash === 'serve') return undefined;
  if (world.switches.noSlash === '404') return notFound;
  const target = `${url.pathname}/${url.search}`;
  world.redirects.set(target, method);
  return { status: 301, headers: { location: target } };
}

function noteFollowedRedirect(world: World, { url, method, call }: Incoming): void {
  const target = url.pathname + url.search;
  const former = world.redirects.get(target) ?? (url.pathname.startsWith('/redirected/') ? method : undefined);
  if (former === undefined) return;
  world.redirects.delete(target);
  world.calls.blame(call, 'redirect-followed');
  if (former === 'POST' && method === 'GET') world.calls.blame(call, 'redirected-post');
}

function readJson(
  world: World,
  { method, headers, bytes, call }: Incoming,
): Reply | { object: Record<string, unknown> } {
  if (method === 'GET' || method === 'DELETE') return { object: {} };
  if (!bytes) return { status: 413, body: { detail: `The body is over ${bodyMaxBytes} bytes.` } };
  if (!/^application\/json\b/i.test(headers['content-type'] ?? '')) world.calls.blame(call, 'not-json');
  const value = bytes.length === 0 ? {} : parsedJson(bytes.toString('utf8'));
  if (value === undefined) {
    world.calls.blame(call, 'not-json');
    return { status: 400, body: { detail: 'JSON parse error' } };
  }
  if (!isObject(value)) return { status: 400, body: { nonFieldErrors: ['Invalid data. Expected a dictionary.'] } };
  return { object: inCamelCase(value) };
}

// Both spellings are accepted; where a body has both, the camelCase one is the one that counts.
function inCamelCase(body: Record<string, unknown>): Record<string, unknown> {
  const entries = Object.entries(body);
  const spelledOut = entries.filter(([key]) => key.includes('_')).map(([key, value]) => [toCamel(key), value] as const);
  return Object.fromEntries([...spelledOut, ...entries.filter(([key]) => !key.includes('_'))]);
}

function queryOf(url: URL): Record<string, string> {
  return Object.fromEntries([...url.searchParams.keys()].map((key) => [key, url.searchParams.getAll(key).join(',')]));
}

function loggedBody(bytes: Buffer | undefined): unknown {
  if (!bytes) return `over ${bodyMaxBytes} bytes`;
  if (bytes.length === 0) return undefined;
  const text = bytes.subarray(0, loggedBodyMaxBytes).toString('utf8');
  return parsedJson(text) ?? text;
}

// Both texts are documented (page "API Authentication"); the first one stands for a missing and for an invalid key.
const notProvided: Reply = { status: 401, body: { detail: 'Authentication credentials were not provided.' } };
const malformed: Reply = { status: 401, body: { detail: 'Invalid API key format.' } };

/** The refusal of a request whose `Authorization` is not `Api-Key <the key>`, or undefined where it is. */
function refuseStranger(world: World, header: string | undefined, call: Call): Reply | undefined {
  if (header === undefined || header.trim() === '') return notProvided;
  if (/^Bearer\b/i.test(header)) world.calls.blame(call, 'bearer-prefix');
  const key = /^Api-Key (\S+)$/.exec(header)?.[1];
  if (key === undefined) return malformed;
  return key === world.apiKey ? undefined : notProvided;
}

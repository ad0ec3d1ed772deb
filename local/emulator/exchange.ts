import type { ServerResponse } from 'node:http';
import type { Call } from './state/calls.ts';
import type { OperationName } from './state/operations.ts';
import type { World } from './state/world.ts';

/** A request to one operation, after authentication. */
export interface ApiRequest {
  operation: OperationName;
  /** The id in the path, in lower case; empty where the path has none. */
  id: string;
  query: URLSearchParams;
  /** The JSON object of a POST, PUT or PATCH, its known keys in camelCase; empty for other methods. */
  body: Record<string, unknown>;
  /** The URL as the client wrote it, for `next` and `previous`. */
  url: URL;
  /** The entry in the log, for the client's mistakes. */
  call: Call;
  /** Set by the fault `half-broadcast`: stop after half of the recipients. */
  half: boolean;
}

/** A reply before it is written. Without `body` it has zero length. A string is sent as HTML, anything else as JSON. */
export interface Reply {
  status: number;
  body?: unknown;
  headers?: Record<string, string>;
}

/** One operation of the API. */
export type Operation = (world: World, request: ApiRequest) => Reply | Promise<Reply>;

/** The reply for what is not there or not there any more. The text is the emulator's choice. */
export const notFound: Reply = { status: 404, body: { detail: 'Not found.' } };

/** Writes a reply with its length, unless the connection is gone. */
export function send(response: ServerResponse, reply: Reply): void {
  if (response.destroyed || response.headersSent) return;
  const { bytes, type } = encode(reply.body);
  response.writeHead(reply.status, {
    ...(type === undefined ? {} : { 'content-type': type }),
    ...(reply.status === 204 ? {} : { 'content-length': String(bytes.length) }),
    ...reply.headers,
  });
  response.end(bytes);
}

/** The bytes of a reply's body and their media type. */
export function encode(body: unknown): { bytes: Buffer; type: string | undefined } {
  if (body === undefined) return { bytes: Buffer.alloc(0), type: undefined };
  if (typeof body === 'string') return { bytes: Buffer.from(body), type: 'text/html; charset=utf-8' };
  return { bytes: Buffer.from(JSON.stringify(body)), type: 'application/json' };
}

/** Whether a value is a JSON object: not null, not an array. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

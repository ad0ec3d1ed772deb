import { attempted } from '../attempted.ts';
import { depthOf } from '../depth.ts';
import { parseExactly } from '../exact-json.ts';
import { snakeCase } from './snake-case.ts';
import { instantMs } from '../contacts/version.ts';

/** `not-sent`: DNS, connect or TLS failed, or the deadline had passed. `reply-lost`: a byte may have gone out, and no whole reply came. */
export type Transport =
  | {
      readonly kind: 'reply';
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: string;
    }
  | { readonly kind: 'not-sent' }
  | { readonly kind: 'reply-lost' };

/** What MaiAgent's refusal said. `status` is `undefined` where nothing was sent. */
export interface Refusal {
  readonly status: number | undefined;
  readonly retryAfterMs: number | undefined;
  /** Names of the fields that a 400 complains about, in camelCase, and never their texts, which may quote people. */
  readonly fields: readonly string[];
}

/** The outcome of one call (design §5). `refused`: certainly no effect. `unknown`: it may have happened or still happen. */
export type Outcome<Value> = { readonly kind: 'done'; readonly value: Value } | Failure;
export type Failure =
  | ({ readonly kind: 'refused' } & Refusal)
  | ({ readonly kind: 'duplicate' } & Refusal)
  | { readonly kind: 'unknown' };

/** What a call expects of a good reply: the statuses, and how to read the body; `undefined` means that it cannot be trusted. */
export interface Expectation<Value> {
  readonly statuses: readonly number[];
  readonly read: (body: unknown) => Value | undefined;
  /** True for a create, which may be refused because the contact exists already. */
  readonly mayBeDuplicate?: boolean;
  /** Where the status is the answer (update, delete), a body may be missing or no JSON: it is then read as `undefined`. */
  readonly mayLackBody?: boolean;
  /** The value of a 404 without a body, for operations where it does not mean that the resource is unknown. */
  readonly emptyNotFound?: Value;
}

const REFUSED = new Set([400, 401, 403, 404, 413, 422, 429]);

/** A page has at most twelve levels; a much deeper reply could overflow the stack of code that compares or stores it. */
export const REPLY_DEPTH_MAX = 64;

/** Classifies what came back. Pure: the same reply always means the same. */
export function classify<Value>(transport: Transport, expected: Expectation<Value>): Outcome<Value> {
  if (transport.kind === 'not-sent') return { kind: 'refused', status: undefined, retryAfterMs: undefined, fields: [] };
  if (transport.kind === 'reply-lost') return { kind: 'unknown' };
  const { status, headers } = transport;
  if (expected.statuses.includes(status)) return understood(transport.body, expected);
  if (status === 404 && transport.body === '' && expected.emptyNotFound !== undefined)
    return { kind: 'done', value: expected.emptyNotFound };
  const refusal: Refusal = {
    status,
    retryAfterMs: retryAfterMs(headers['retry-after'], headers['date']),
    fields: fieldsOf(transport.body),
  };
  if (expected.mayBeDuplicate && (status === 400 || status === 409)) return { kind: 'duplicate', ...refusal };
  return REFUSED.has(status) ? { kind: 'refused', ...refusal } : { kind: 'unknown' };
}

function understood<Value>(body: string, expected: Expectation<Value>): Outcome<Value> {
  const json = parseJson(body);
  const isReadable = json !== undefined && depthOf(json, REPLY_DEPTH_MAX) <= REPLY_DEPTH_MAX;
  const value = isReadable || expected.mayLackBody ? expected.read(isReadable ? json : undefined) : undefined;
  return value === undefined ? { kind: 'unknown' } : { kind: 'done', value };
}

/** Exactly: a `sourceId` that is written as a number and rounded would be somebody else's. */
const parseJson = (text: string): unknown => attempted(() => parseExactly(text));

/** What a refusal may name: the fields of the reference, and where Django REST Framework puts the rest. Any other name may be a person's. */
const FIELDS = new Map(
  [
    'inboxes',
    'inbox',
    'name',
    'email',
    'phoneNumber',
    'avatar',
    'sourceId',
    'queryMetadata',
    'metadata',
    'message',
    'contactIds',
    'inboxId',
    'excludeContactIds',
    'nonFieldErrors',
    'detail',
  ].flatMap((name) => [[name, name] as const, [snakeCase(name), name] as const]),
);

/** The field names of a 400 in Django REST Framework's form, `{"<field>": ["…"]}` (MaiAgent, "Status Codes"), in camelCase. */
function fieldsOf(body: string): string[] {
  const json = parseJson(body);
  if (json === null || typeof json !== 'object' || Array.isArray(json)) return [];
  return [...new Set(Object.keys(json).flatMap((name) => FIELDS.get(name) ?? []))];
}

/** What a person can wait for. A longer pause is not obeyed: after this time one request finds out whether it is over. */
const RETRY_AFTER_MAX_MS = 30_000;

/** `Retry-After` in either of its forms (RFC 9110 §10.2.3): seconds, or a date, read against the server's own clock. */
export function retryAfterMs(header: string | undefined, date: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  const waitMs = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : httpDateMs(header) - httpDateMs(date ?? '');
  return Number.isFinite(waitMs) ? Math.min(Math.max(waitMs, 0), RETRY_AFTER_MAX_MS) : undefined;
}

const httpDateMs = (text: string): number =>
  text.endsWith(' GMT') ? Date.parse(text) : (instantMs(text) ?? Number.NaN);

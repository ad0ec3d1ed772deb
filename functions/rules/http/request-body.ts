import type * as z from 'zod/mini';
import { depthOf } from '../depth.ts';
import { parseExactly } from '../exact-json.ts';
import { Refused, type Flaw } from '../failure.ts';

/** 256 KiB: a whole user with every role is far smaller. */
const BODY_BYTES_MAX = 262_144;
/** The deepest body that any route takes has four levels. */
const DEPTH_MAX = 16;
const FLAWS_MAX = 20;

/** What arrived, as API Gateway gives it. */
export interface RawBody {
  readonly text: string | undefined;
  readonly isBase64: boolean;
  readonly contentType: string | undefined;
}

/** The body as it was sent, byte by byte, up to the size that every route takes unless it says otherwise. */
export function bytesOf({ text = '', isBase64 }: RawBody, bytesMax = BODY_BYTES_MAX): Buffer {
  const bytes = Buffer.from(text, isBase64 ? 'base64' : 'utf8');
  if (bytes.length > bytesMax) throw new Refused('body_too_large');
  return bytes;
}

/** The JSON of a request, checked for size, type and depth. An empty body is an empty object. */
export function parseBody(raw: RawBody, bytesMax?: number, type = 'application/json'): unknown {
  const bytes = bytesOf(raw, bytesMax);
  if (bytes.length === 0) return {};
  const mediaType = raw.contentType?.split(';')[0]?.trim().toLowerCase();
  if (mediaType !== 'application/json' && mediaType !== type) throw new Refused('content_type_unsupported');
  const body = parseJson(bytes);
  if (depthOf(body, DEPTH_MAX) > DEPTH_MAX)
    throw flawed({ path: '', problem: `is nested deeper than ${DEPTH_MAX} levels` });
  return body;
}

function parseJson(bytes: Buffer): unknown {
  try {
    return parseExactly(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw flawed({ path: '', problem: 'is not JSON in UTF-8' });
  }
}

/** The body as its schema reads it, or a refusal that names every place that is wrong. */
export function readBody<Schema extends z.ZodMiniType>(schema: Schema, body: unknown): z.infer<Schema> {
  const read = schema.safeParse(body);
  if (read.success) return read.data;
  throw flawed(...read.error.issues.slice(0, FLAWS_MAX).map(flawOf));
}

/** Below `attributes` and in lists the names and numbers are the sender's: only names that the schema itself has are repeated. */
function flawOf(issue: z.core.$ZodIssue): Flaw {
  const own = issue.path.findIndex((name, at) => typeof name === 'number' || issue.path[at - 1] === 'attributes');
  const path = own === -1 ? issue.path : issue.path.slice(0, own);
  return { path: path.map(String).join('.'), problem: problemIn(issue) };
}

/** What no schema has is named where it looks like a field: in the place of one may stand what somebody wrote. */
const fieldName = /^[a-z]\w{0,39}$/i;

function problemIn(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `must be of type ${issue.expected}`;
    case 'too_big':
      return `must be at most ${issue.maximum} long`;
    case 'too_small':
      return `must be at least ${issue.minimum} long`;
    case 'unrecognized_keys':
      return `has a field that this route does not know: ${issue.keys.filter((key) => fieldName.test(key)).join(', ')}`;
    case 'invalid_value':
      return `must be one of ${issue.values.join(', ')}`;
    default:
      // zod's own words, which depend on the locale that is loaded, start with "Invalid".
      return issue.message.startsWith('Invalid ') ? 'is not of the right form' : issue.message;
  }
}

/** A refusal that says what is not there. */
export const absent = (path: string, problem: string): Refused =>
  new Refused('not_found', { flaws: [{ path, problem }] });

/** A refusal that names what is wrong with the request. */
export const flawed = (...flaws: Flaw[]): Refused => new Refused('body_invalid', { flaws });

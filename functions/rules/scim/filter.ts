import { Types } from 'scimmy';
import { attempted } from '../attempted.ts';
import type { Json } from '../sources/json.ts';
import { ScimFailure } from './failure.ts';
import { isInherited } from './inherited.ts';

/** A filter of a directory names one or two attributes; what is larger is asked by nobody and costs the library more than its length. */
const LENGTH_MAX = 1_024;
const OPERATORS_MAX = 8;
const DEPTH_MAX = 4;

/** How an attribute may be written in full, which the library does not know, and what is compared of a list (RFC 7643 §2.4). */
const CORE = /urn:ietf:params:scim:schemas:core:2\.0:(user|group):/g;
const EXTENSION = /urn:ietf:params:scim:schemas:extension:enterprise:2\.0:user[:.]/g;
const LISTS =
  /\b(emails|phonenumbers|ims|photos|groups|entitlements|roles|members|manager)(?= +(eq|ne|co|sw|ew|gt|ge|lt|le) )/g;
const inLowerCase = (resource: Json): string =>
  JSON.stringify(resource)
    .toLowerCase()
    .replace('"urn:ietf:params:scim:schemas:extension:enterprise:2.0:user":', '"enterprise":');

/** A parsed filter: one object for each alternative, attribute to `[operator, value]` or to the same of its members. */
export interface ScimFilter {
  readonly alternatives: readonly Readonly<Record<string, unknown>>[];
  readonly fits: (resource: Json) => boolean;
}

/** Reads a filter (RFC 7644 §3.4.2.2), without regard to case. A name which every object has never reaches the library. */
export function readFilter(text: string): ScimFilter {
  const names = text.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""');
  const words = names.toLowerCase().match(/[a-z_$][\w$]*/g) ?? [];
  const operators = words.filter((word) => word === 'and' || word === 'or').length;
  const depth = names.match(/[([]/g)?.length ?? 0;
  const isSmall = text.length <= LENGTH_MAX && operators <= OPERATORS_MAX && depth <= DEPTH_MAX;
  // It takes "not (a and b)" for "not a and not b".
  if (!isSmall || words.some((word) => word === 'not' || isInherited(word))) throw new ScimFailure('invalidFilter');
  const written = text
    .toLowerCase()
    .replaceAll(CORE, '')
    .replaceAll(EXTENSION, 'enterprise.')
    .replaceAll(LISTS, '$1.value');
  return refusing(() => {
    const filter = new Types.Filter(written);
    const fits = (resource: Json): boolean =>
      refusing(() => filter.match([JSON.parse(inLowerCase(resource)) as object]).length > 0);
    return { alternatives: [...filter] as Readonly<Record<string, unknown>>[], fits };
  });
}

/** The library throws errors of many kinds at a filter that makes no sense, some of them only when it is applied. */
function refusing<Result>(ask: () => Result): Result {
  try {
    return ask();
  } catch {
    throw new ScimFailure('invalidFilter');
  }
}

/** The text that an attribute must equal, where all alternatives are one and it names it; as it was written, not in lower case. */
export function equalTo(text: string, attribute: string): string | undefined {
  const [, value] =
    new RegExp(`^(?:.* and +)?${attribute} +eq +("(?:[^"\\\\]|\\\\.)*")(?: +and .*)?$`, 'i').exec(text.trim()) ?? [];
  const isAlone = value !== undefined && !/ or |\bnot\b/i.test(text.replaceAll(value, '""'));
  // Half a character stands in no key, and no table takes it.
  return isAlone ? attempted(() => (JSON.parse(value) as string).toWellFormed()) : undefined;
}

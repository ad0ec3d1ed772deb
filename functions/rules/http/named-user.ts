import { attempted } from '../attempted.ts';
import { isUserId } from '../contacts/subject.ts';
import { Refused } from '../failure.ts';

/** Where a request says whose it is a second time: the user's id, percent-encoded as UTF-8. */
const HEADER = 'User-Id';

/** What stands in the path instead of an id that no path can carry, or for a caller who need not spell one. */
export const ID_IN_HEADER = '-';

/** The header that names a user. */
export const userIdHeader = (userId: string): Record<string, string> => ({ [HEADER]: encodeURIComponent(userId) });

/** The same, as the API's description shows it. */
export const userIdParameter = {
  name: HEADER,
  in: 'header',
  required: true,
  description: `The user's id, percent-encoded as UTF-8. The path repeats it, or has ${ID_IN_HEADER} in its place.`,
  schema: { type: 'string' },
};

/**
 * The user whom a request is about. The header decides, and the path must say the same: an HTTP API decodes a path before it routes it
 * and cuts it at a decoded `?`, so `bob%3Fx` arrives as `bob`, and nothing in the path shows that somebody else was meant
 * (docs/decisions/0029). Throws `Refused`.
 */
export function namedUser({ parameters, header }: NamedBy): string {
  const inHeader = decoded(header(HEADER.toLowerCase()));
  const inPath = parameters['userId'];
  if (inHeader === undefined || (inPath !== inHeader && inPath !== ID_IN_HEADER)) throw new Refused('id_mismatch');
  if (!isUserId(inHeader)) throw new Refused('user_id_invalid');
  return inHeader;
}

interface NamedBy {
  readonly parameters: Readonly<Record<string, string | undefined>>;
  readonly header: (name: string) => string | undefined;
}

/**
 * What may stand unescaped. A comma may join two headers, forms write a space as `+`, white space at the ends is cut off on the way, and
 * what is not ASCII has no agreed encoding in a header: each of them would let one id be read as another.
 */
const escaped = /^(?:[\w.~!*'():@|-]|%[\dA-Fa-f]{2})*$/;

const decoded = (header: string | undefined): string | undefined =>
  header !== undefined && escaped.test(header) ? attempted(() => decodeURIComponent(header)) : undefined;

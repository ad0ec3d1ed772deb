/** The person of a link: a user of the enterprise, or a visitor with an id from the bridge. */
export type Subject =
  | { readonly kind: 'user'; readonly userId: string }
  | { readonly kind: 'visitor'; readonly visitorId: string };

export const USER_ID_LENGTH_MAX = 256;

/** Ill-formed UTF-16 is refused, because UTF-8 would make one of two people's lone surrogates. */
export const isWellWritten = (text: string): boolean => text.isWellFormed() && !/\p{Cc}/u.test(text);

/** A user's id: opaque, case-sensitive, 1 to 256 characters. */
export const isUserId = (text: string): boolean =>
  text.length > 0 && text.length <= USER_ID_LENGTH_MAX && isWellWritten(text);

/** Who is meant by a value of somebody else's JSON: a text, or an integer by its digits. `undefined` where that is nobody. */
export function userIdOf(value: unknown): string | undefined {
  const isCount = typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
  const text = isCount ? `${value}` : value;
  return typeof text === 'string' && isUserId(text) ? text : undefined;
}

/** The key of the subject's row in the links table. */
export function linkKey(subject: Subject): string {
  return subject.kind === 'user' ? `user#${subject.userId}` : `visitor#${subject.visitorId}`;
}

/** The subject of a row's key. */
export function subjectOf(pk: string): Subject {
  const id = pk.slice(pk.indexOf('#') + 1);
  return pk.startsWith('visitor#') ? { kind: 'visitor', visitorId: id } : { kind: 'user', userId: id };
}

/**
 * The `sourceId` of the subject's contact at MaiAgent. Different subjects and generations never share one:
 *
 *     user "bob", first life     bob
 *     user "bob", second life    bob~2
 *     user "bob~2", first life   bob~~2      a tilde of the id is doubled
 *     user " bob", first life    ~20_bob     outer white space is spelled out, because servers may trim it
 *     visitor 7f…                ~visitor_7f…
 */
export function sourceIdOf(subject: Subject, generation: number): string {
  const id = subject.kind === 'user' ? escape(subject.userId) : `~visitor_${subject.visitorId}`;
  return generation === 1 ? id : `${id}~${generation}`;
}

function escape(userId: string): string {
  const spelled = (space: string): string => space.replaceAll(/\s/g, (one) => `~${one.codePointAt(0)?.toString(16)}_`);
  const inner = userId.trim();
  const start = inner === '' ? userId.length : userId.indexOf(inner);
  return spelled(userId.slice(0, start)) + inner.replaceAll('~', '~~') + spelled(userId.slice(start + inner.length));
}

/** Whose contact has this `sourceId`, of whatever generation; `undefined` where it is nobody's. */
export function subjectUnder(sourceId: string): Subject | undefined {
  const [, own = sourceId, generation = '1'] = /^(.*?(?:^|[^~])(?:~~)*)~(\d+)$/s.exec(sourceId) ?? [];
  const visitorId = /^~visitor_(.*)$/s.exec(own)?.[1];
  const spelled = (_: string, tilde: string | undefined, code: string): string =>
    tilde ? '~' : String.fromCodePoint(Number.parseInt(code, 16));
  const subject: Subject =
    visitorId === undefined
      ? { kind: 'user', userId: own.replaceAll(/~(~)|~([0-9a-f]{1,4})_/g, spelled) }
      : { kind: 'visitor', visitorId };
  return sourceIdOf(subject, Number(generation)) === sourceId ? subject : undefined;
}

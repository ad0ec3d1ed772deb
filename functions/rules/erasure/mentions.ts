/** Under these names an event says who did it. What an administrator did to somebody else is not about the administrator. */
const ACTORS = new Set(['authDetails', 'actor']);
/** In a text of which the parts are not known, a word of fewer characters may be anything. */
const WORD_LENGTH_MIN = 6;

/** A quarantined record as it is kept: a webhook's body in base64, or its start, or a stream record's JSON. */
type Kept = Readonly<Record<string, string>>;

/**
 * Whether a record names a user: in its contents, or in the id that the sender gave the event. Of a record that has left only the id is
 * there, and nothing is lost by taking it away.
 */
export function mentions(eventId: string, record: Kept): (userId: string) => boolean {
  const found = mentionsIn(record);
  const isGone = Object.keys(record).length === 0;
  return (userId) =>
    found.has(userId) || (eventId.includes(userId) && (isGone || isLongEnough(userId) || eventId === userId));
}

/**
 * Whom a record may be about that nobody could read: every text and number in its JSON, and the parts of paths and keys (`users/<id>`,
 * `USER#<id>`). Whole values only, because an id may be a part of another one.
 */
function mentionsIn({ body, start, json }: Kept): ReadonlySet<string> {
  const text = json ?? Buffer.from(body ?? start ?? '', 'base64').toString('utf8');
  const found = new Set<string>();
  const open: unknown[] = [parsed(text)];
  if (open[0] === undefined) return new Set(text.split(/[^\p{L}\p{N}_@.+|:~-]+/u).filter(isLongEnough));
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value === 'string' || typeof value === 'number')
      for (const part of [String(value), ...String(value).split(/[/#]/)]) found.add(part);
    else if (value !== null && typeof value === 'object')
      for (const [key, inner] of Object.entries(value)) if (!ACTORS.has(key)) open.push(inner);
  }
  return found;
}

const isLongEnough = (word: string): boolean => word.length >= WORD_LENGTH_MIN;

function parsed(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    return undefined;
  }
}

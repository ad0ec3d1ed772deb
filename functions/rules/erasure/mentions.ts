import { attempted } from '../attempted.ts';
import { parseExactly } from '../exact-json.ts';
import { eventAgain, type KeptDelivery } from '../sources/kept-delivery.ts';
import type { SourceDeclaration } from '../sources/source.ts';

/** Under these names an event says who did it. What an administrator did to somebody else is not about the administrator. */
const ACTORS = new Set(['authDetails', 'actor']);
/** Under these names it says what happened and when. Somebody may have the id `user.disabled`. */
const CIRCUMSTANCES = new Set(['type', 'event', 'eventName', 'detail-type', 'source', 'version', 'timestamp', 'time']);
/** In a text of which the parts are not known, a word of fewer characters may be anything. */
const WORD_LENGTH_MIN = 6;

/**
 * Whether a quarantined record is about a user. Where its source is declared and the user's id can be read, it is about that user alone: it
 * may be the only word of a right that was taken away, whoever else it names. Of others every text counts, and the id that the sender gave
 * the event. Of a record that has left only that id is there, and nothing is lost by taking it away.
 */
export function mentions(
  { eventId, record }: { readonly eventId: string; readonly record?: KeptDelivery },
  source: SourceDeclaration | undefined,
  nowMs: number,
): (userId: string) => boolean {
  if (!record) return (userId) => isWordOf(eventId, userId, /[\p{L}\p{N}]/u);
  // One on which the reader fails by itself must not end everybody's erasure here.
  const event = source && attempted(() => eventAgain(source, record, nowMs));
  const subject = event && 'userId' in event ? event.userId : undefined;
  if (subject !== undefined) return (userId) => userId === subject;
  const { parts, paths } = textsIn(record, source);
  return (userId) =>
    parts.has(userId) ||
    (/[/#]/.test(userId) && paths.some((path) => isWordOf(path, userId, /[^/#]/))) ||
    (isLongEnough(userId) && isWordOf(eventId, userId, /[\p{L}\p{N}]/u));
}

/** True where a text holds the id between signs that are no part of an id. */
function isWordOf(text: string, id: string, ofAnId: RegExp): boolean {
  for (let at = text.indexOf(id); at >= 0; at = text.indexOf(id, at + 1))
    if (!ofAnId.test(text.charAt(at - 1)) && !ofAnId.test(text.charAt(at + id.length))) return true;
  return false;
}

/**
 * The texts in a record's JSON, and the parts of paths and keys (`users/<id>`, `USER#<id>`). Whole ones only, because an id may be a part of
 * another one; no numbers, which count or date something, but those that no number can hold.
 */
function textsIn({ body, start, json }: KeptDelivery, source: SourceDeclaration | undefined) {
  const text = json ?? Buffer.from(body ?? start ?? '', 'base64').toString('utf8');
  const ofSource = source?.kind === 'generic' ? [source.type, source.version, source.timestamp || ''] : [];
  const passedOver = new Set([
    ...ACTORS,
    ...CIRCUMSTANCES,
    ...ofSource.map((path) => path.slice(path.lastIndexOf('.') + 1)),
  ]);
  const [parts, paths] = [new Set<string>(), [] as string[]];
  const open: unknown[] = [attempted(() => parseExactly(text.replace(/^\uFEFF/, '')))];
  if (open[0] === undefined)
    return { parts: new Set(text.split(/[^\p{L}\p{N}_@.+|:~-]+/u).filter(isLongEnough)), paths };
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value === 'string') {
      for (const part of [value, ...value.split(/[/#]/)]) parts.add(part);
      if (/[/#]/.test(value)) paths.push(value);
    } else if (value !== null && typeof value === 'object')
      for (const [key, inner] of Object.entries(value)) {
        if (passedOver.has(key)) continue;
        // Members have names without digits; whoever lists people by their ids has others.
        if (/[\d@]/.test(key)) parts.add(key);
        open.push(inner);
      }
  }
  return { parts, paths };
}

const isLongEnough = (word: string): boolean => word.length >= WORD_LENGTH_MIN;

import * as z from 'zod/mini';
import type { FieldPaths } from '../contacts/read-fields.ts';
import type { Flaw } from '../failure.ts';
import type { Change, Status } from '../contacts/reports.ts';
import { userIdOf } from '../contacts/subject.ts';
import type { Told } from '../contacts/told.ts';
import { isInFuture, tied, type Version } from '../contacts/version.ts';

/** A request to `POST /v1/webhooks/{source}`. */
export interface Delivery {
  /** A header by its lower-case name. */
  readonly header: (name: string) => string | undefined;
  /** The raw bytes as the sender signed them, already decoded from the gateway's base64. */
  readonly body: Buffer;
  /** When it arrived, in ms since 1970: what its proof is judged by. */
  readonly nowMs: number;
}

/** What is known of a delivery once its sender is proven. */
export interface Proof {
  /** The fingerprint of the key that proved it. */
  readonly key: string;
  /** The event's id where the proof covers it; the other protocols have it in the body. */
  readonly eventId?: string;
}

/** A delivery whose sender was proven, now or when it was quarantined. */
export interface ProvenDelivery extends Proof {
  readonly body: Buffer;
  /** When it is read, in ms since 1970: what its version is judged by. */
  readonly readAtMs: number;
}

/** What a source told, once its body was read. */
export type SourceEvent =
  | {
      readonly kind: 'change';
      readonly eventId: string;
      readonly userId: string;
      readonly change: Change;
      /** The event does not tell the whole user, who is to be read from the store. */
      readonly asks?: true;
    }
  /** Proven, but none of ours, or without saying what changed: acknowledged and ignored. */
  | { readonly kind: 'nothing'; readonly eventId: string | undefined }
  /** Proven, but it cannot be understood or its version lies in the future: to be quarantined whole. */
  | {
      readonly kind: 'unreadable';
      readonly eventId: string | undefined;
      readonly flaws: readonly Flaw[];
      /** Whom it is about, where that much can be read. */
      readonly userId?: string;
    };

/** How far a signed timestamp may lie from our clock, either way (Standard Webhooks, "Verifying webhook authenticity"). */
export const REPLAY_MS_MAX = 300_000;

/** A proven event that cannot be understood: where, and what was expected there, never the value itself; and whom it is about. */
export function unreadable(eventId: string | undefined, path: string, problem: string, about?: unknown): SourceEvent {
  const userId = userIdOf(about);
  return { kind: 'unreadable', eventId, flaws: [{ path, problem }], ...(userId !== undefined && { userId }) };
}

/** What an event tells about one user, unchecked. */
export interface Reading {
  readonly kind: Change['kind'];
  readonly userId: unknown;
  /** `undefined` where the event has no version that can be read. */
  readonly version: Version | undefined;
  /** When the vendor says that the event happened, or its place in the stream: it decides between events of one version. */
  readonly tie?: Version | undefined;
  readonly told?: Told;
  /** Of a hint: what may have changed, without saying to what. */
  readonly about?: readonly Hinted[];
  /** Whether the user is to be read where users are; without it after a creation and a hint, which do not tell the whole user. */
  readonly asks?: boolean;
  /** `unclear` where the event says something of the user's standing that cannot be understood; only a whole user has one. */
  readonly status?: Status | 'unclear' | undefined;
}

/** What an event says: something about a user, something that cannot be understood, or `undefined` for what is none of ours. */
export type Said = Reading | (Flaw & { readonly userId?: unknown }) | undefined;

/** What the declaration of a source says of its events. */
interface ReadingSource {
  readonly name: string;
  readonly fields: Readonly<Pick<FieldPaths, 'roles' | 'groups'>>;
  readonly hints?: 'hold' | 'ignore';
  /** How users are read from the store, where they are. */
  readonly read?: unknown;
}

/** Turns what was said into a change, or into an unreadable event if the user, the version or the status is in doubt. */
export function sourceEventOf(
  source: ReadingSource,
  eventId: string | undefined,
  said: Said,
  nowMs: number,
): SourceEvent {
  if (said === undefined) return { kind: 'nothing', eventId };
  if ('problem' in said) return unreadable(eventId, said.path, said.problem, said.userId);
  const { kind, version, tie, told, status } = said;
  const asks = source.read !== undefined && (said.asks ?? (kind === 'create' || kind === 'hint'));
  const changed = said.about && changedBy(said.about, source);
  if (changed?.length === 0 && !asks) return { kind: 'nothing', eventId };
  const userId = userIdOf(said.userId);
  const isWhole = kind === 'create' || kind === 'update';
  const not = (path: string, problem: string) => unreadable(eventId, path, problem, userId);
  if (eventId === undefined) return not('id', 'must be 1 to 256 visible characters');
  if (userId === undefined) return not('userId', 'must be 1 to 256 characters without control characters');
  if (version === undefined) return not('version', 'is missing or not of the form of this source');
  if (isInFuture(version, nowMs)) return not('version', 'lies in the future');
  if (isWhole && status === 'unclear') return not('status', 'cannot be understood');
  // A part that carries nothing of what this source is declared to tell.
  if (kind === 'update' && status === undefined && Object.keys(told ?? {}).length === 0)
    return { kind: 'nothing', eventId };
  const change: Change = {
    source: source.name,
    kind,
    version: tied(version, tie),
    ...(isWhole && told && { told }),
    ...(changed && { changed }),
    ...(isWhole && status && status !== 'unclear' && { status }),
  };
  return { kind: 'change', eventId, userId, change, ...(asks && { asks }) };
}

/** The events of a user by the names that the vendors give them. */
export const userEvents: ReadonlyMap<string, Change['kind']> = new Map([
  ['user.created', 'create'],
  ['user.updated', 'update'],
  ['user.deleted', 'delete'],
]);

/** An event's id as the sender gave it: it becomes part of a key. */
export const eventIdOf = (id: unknown): string | undefined =>
  typeof id === 'string' && /^[\x21-\x7e]{1,256}$/.test(id) ? id : undefined;

/** A time in ms since 1970 as a number of JSON, `undefined` where it is none. */
export const millisecondsOf = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;

/**
 * What a source does with an event that says only that a user's roles or groups changed. `hold`: what was told of them before is unknown
 * until something later tells them. `ignore`: it stays believed until then, also a right that was just taken away.
 */
export const hintsSchema = z._default(z.enum(['hold', 'ignore']), 'hold');

/** The fields that memberships decide; `@`, every attribute; and `record`, anything of the user's own, the standing among it. */
export type Hinted = 'roles' | 'groups' | '@' | 'record';

/**
 * What a hint takes from the user: the fields that the source itself does not tell. The user's token does, and knows nothing of what
 * happened after its issue. What the source tells comes from members of its record, which memberships do not change, unless the user
 * is read: then the reading tells it again. Attributes and the standing are a reading's alone.
 */
const changedBy = (about: readonly Hinted[], { fields, hints, read }: ReadingSource): readonly Hinted[] =>
  about.filter((field) => {
    const isOfToken = (field === 'roles' || field === 'groups') && fields[field] === false;
    // Of an event that does not say what changed the standing may have: that no setting takes lightly.
    if (field === 'record') return read !== undefined;
    return hints === 'hold' && (read !== undefined || isOfToken);
  });

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
  | { readonly kind: 'unreadable'; readonly eventId: string | undefined; readonly flaws: readonly Flaw[] };

/** How far a signed timestamp may lie from our clock, either way (Standard Webhooks, "Verifying webhook authenticity"). */
export const REPLAY_MS_MAX = 300_000;

export const nothing = (eventId: string | undefined): SourceEvent => ({ kind: 'nothing', eventId });

/** A proven event that cannot be understood: where, and what was expected there; never the value itself. */
export const unreadable = (eventId: string | undefined, path: string, problem: string): SourceEvent => ({
  kind: 'unreadable',
  eventId,
  flaws: [{ path, problem }],
});

/** The unchecked result of reading an event about one user. */
export interface Reading {
  readonly source: string;
  readonly kind: Change['kind'];
  readonly userId: unknown;
  /** `undefined` where the event has no version that can be read. */
  readonly version: Version | undefined;
  /** When the vendor says that the event happened, or its place in the stream: it decides between events of one version. */
  readonly tie?: Version | undefined;
  readonly told?: Told;
  readonly changed?: Change['changed'];
  readonly asks?: boolean;
  /** `unclear` where the event says something of the user's standing that cannot be understood; only a whole user has one. */
  readonly status?: Status | 'unclear' | undefined;
}

/** Turns a reading into a change, or into an unreadable event if the user, the version or the status is in doubt. */
export function sourceEventOf(eventId: string | undefined, reading: Reading, nowMs: number): SourceEvent {
  const { source, kind, version, tie, told, changed, asks, status } = reading;
  const userId = userIdOf(reading.userId);
  const isWhole = kind === 'create' || kind === 'update';
  if (eventId === undefined) return unreadable(eventId, 'id', 'must be 1 to 256 visible characters');
  if (userId === undefined)
    return unreadable(eventId, 'userId', 'must be 1 to 256 characters without control characters');
  if (version === undefined) return unreadable(eventId, 'version', 'is missing or not of the form of this source');
  if (isInFuture(version, nowMs)) return unreadable(eventId, 'version', 'lies in the future');
  if (isWhole && status === 'unclear') return unreadable(eventId, 'status', 'cannot be understood');
  // A part that carries nothing of what this source is declared to tell.
  if (kind === 'update' && status === undefined && Object.keys(told ?? {}).length === 0) return nothing(eventId);
  const change: Change = {
    source,
    kind,
    version: tied(version, tie),
    ...(isWhole && told && { told }),
    ...(changed && { changed }),
    ...(isWhole && status && status !== 'unclear' && { status }),
  };
  return { kind: 'change', eventId, userId, change, ...(asks && { asks }) };
}

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

/** The fields that memberships decide. */
type HintedField = 'roles' | 'groups';

interface HintedSource {
  readonly name: string;
  readonly fields: Readonly<Pick<FieldPaths, HintedField>>;
  readonly hints: 'hold' | 'ignore';
  /** How users are read from the store, where they are. */
  readonly read?: unknown;
}

interface Hint {
  readonly eventId: string | undefined;
  readonly userId: unknown;
  /** When the vendor says that it happened. */
  readonly version: Version | undefined;
  readonly about: readonly HintedField[];
}

/**
 * The hint as an event. It is about the fields that the source itself does not tell: the user's token does, and knows nothing of what
 * happened after its issue. What the source tells comes from members of its record, which memberships do not change, unless the user
 * is read: then the reading tells it again.
 */
export function hintOf(source: HintedSource, { eventId, userId, version, about }: Hint, nowMs: number): SourceEvent {
  const asks = source.read !== undefined;
  const isOver = (field: HintedField): boolean => source.hints === 'hold' && (asks || source.fields[field] === false);
  const changed = about.filter(isOver);
  if (changed.length === 0 && !asks) return nothing(eventId);
  return sourceEventOf(eventId, { source: source.name, kind: 'hint', userId, version, changed, asks }, nowMs);
}

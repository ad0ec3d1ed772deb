import * as z from 'zod/mini';
import type { FieldPaths } from '../contacts/read-fields.ts';
import { nothing, sourceEventOf, type SourceEvent } from './source-event.ts';
import type { Version } from '../contacts/version.ts';

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

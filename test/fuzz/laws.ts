import { expect } from 'vitest';
import type { Flaw } from '../../functions/rules/failure.ts';
import { outages, refusals, Refused, Unavailable } from '../../functions/rules/failure.ts';
import type { Change } from '../../functions/rules/contacts/reports.ts';
import type { Heard } from '../rules/sources/source-rig.ts';
import { userIdSchema } from '../../functions/rules/id-schemas.ts';
import { isUnknown, type Told } from '../../functions/rules/contacts/told.ts';
import { isInFuture } from '../../functions/rules/contacts/version.ts';
import { canary } from './hostile.ts';

/** What every reader of the sender's input may throw. */
export function expectRefusal(error: unknown): void {
  const isKnown =
    (error instanceof Refused && Object.hasOwn(refusals, error.code)) ||
    (error instanceof Unavailable && Object.hasOwn(outages, error.code));
  if (!isKnown) throw error;
  if (error instanceof Refused) expectFlaws(error.flaws);
}

/** Says where and what was expected, in a few words that are ours. */
export function expectFlaws(flaws: readonly Flaw[]): void {
  expect(flaws.length).toBeLessThanOrEqual(20);
  for (const { path, problem } of flaws) {
    expect(path.length).toBeLessThan(100);
    expect(problem.length).toBeLessThan(200);
  }
  expect(JSON.stringify(flaws)).not.toContain(canary);
}

/** Every field is one that a contact can have, and is of its form; what is no text is unknown, and of that there is no more to say. */
export function expectFields(told: Told): void {
  expect(Object.getPrototypeOf(told)).toBe(Object.prototype);
  expect(Buffer.byteLength(JSON.stringify(told))).toBeLessThanOrEqual(65_536);
  for (const [key, value] of Object.entries(told)) {
    const isList = key === 'roles' || key === 'groups';
    const lengthMax = { email: 254, phoneNumber: 64, avatar: 511 }[key] ?? (key.startsWith('@') ? 2048 : 255);
    expect(key).toMatch(/^(name( [2-5])?|email|phoneNumber|avatar|roles|groups|@.*)$/s);
    if (isUnknown(value)) {
      expect([isList || key.startsWith('@'), value.unknown]).toEqual([
        true,
        expect.stringMatching(/^(unusable|elsewhere)$/),
      ]);
      continue;
    }
    expect(Array.isArray(value)).toBe(isList);
    const texts = [value].flat();
    if (isList) expect(texts).toEqual([...new Set(texts)].toSorted());
    for (const text of texts) {
      expect([text.length <= (isList ? 256 : lengthMax), text.isWellFormed(), text.trim()]).toEqual([true, true, text]);
      expect(text).not.toMatch(/\p{Cc}/u);
    }
  }
}

/** A change of one user that the links table can keep for ever. */
export function expectChange(change: Change, source: string, nowMs: number): void {
  const { kind, version, told, status, changed = [], ...rest } = change;
  expect(rest).toEqual({ source });
  expect(['create', 'update', 'disable', 'enable', 'delete', 'hint']).toContain(kind);
  expect(version).toMatch(/^[ist]\d{3,55}(\.[ist]\d{3,55})?$/);
  expect(isInFuture(version, nowMs)).toBe(false);
  expect([undefined, 'active', 'disabled']).toContain(status);
  if (told !== undefined) expectFields(told);
  for (const key of changed) expect(['roles', 'groups']).toContain(key);
}

/** What a source told, in the form that its type promises. */
export function expectTold(event: Heard, source: string, nowMs: number): void {
  switch (event.kind) {
    case 'change':
      expect(userIdSchema.parse(event.userId)).toBe(event.userId);
      expect(event.eventId).toMatch(/^[\x21-\x7e]{1,256}$/);
      return expectChange(event.change, source, nowMs);
    case 'nothing':
      return expect(event.eventId ?? 'none').toMatch(/^[\x21-\x7e]{1,256}$/);
    case 'unreadable':
      expect(event.eventId ?? 'none').toMatch(/^[\x21-\x7e]{1,256}$/);
      expect(event.flaws.length).toBeGreaterThan(0);
      return expectFlaws(event.flaws);
    case 'unproven':
      return expect(event).toEqual({ kind: 'unproven' });
  }
}

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  mergeChange,
  accountStatusOf,
  type Change,
  type SourceReport,
} from '../../../functions/rules/contacts/reports.ts';
import { toldOf } from '../../../functions/rules/contacts/told.ts';
import { standing, timeVersion } from '../../../functions/rules/contacts/version.ts';
import { anyChange, sampleFields } from './sample-changes.ts';

const at = timeVersion;
const named = (name: string) => sampleFields(name);
const nameIn = (report: SourceReport) => toldOf(report.fields ?? [], 'name')?.value;
const change = (kind: Change['kind'], version: number, more: Partial<Change> = {}): Change => ({
  source: 'store',
  kind,
  version: at(version),
  ...more,
});
const heard = (changes: readonly Change[]): SourceReport => changes.reduce(mergeChange, { source: 'store' });
const lifeAfter = (...changes: Change[]) => accountStatusOf([heard(changes)]);

describe('hear', () => {
  it('keeps the newest fields', () => {
    const word = heard([change('update', 2, { told: named('new') }), change('update', 1, { told: named('old') })]);
    expect(word).toEqual({ source: 'store', fields: [{ version: at(2), told: named('new') }] });
  });

  it('ends in the same word for every order of arrival', () => {
    fc.assert(
      fc.property(shuffled(fc.array(anyChange('store'), { maxLength: 8 })), ({ given, shuffled }) => {
        expect(heard(shuffled)).toEqual(heard(given));
      }),
      { numRuns: 3_000 },
    );
  });

  it('does not care how often a change arrives', () => {
    fc.assert(
      fc.property(
        fc.array(anyChange('store'), { maxLength: 6 }),
        fc.array(fc.nat(), { maxLength: 6 }),
        (given, again) => {
          const repeats = again.flatMap((index) => given[index % Math.max(given.length, 1)] ?? []);
          expect(heard([...given, ...repeats, ...given])).toEqual(heard(given));
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('keeps the fields of a change that says nothing of the standing, and the standing of one that has no fields', () => {
    const word = heard([
      change('update', 1, { told: named('a') }),
      change('disable', 2),
      change('update', 3, { told: named('b') }),
    ]);
    expect(word).toEqual({
      source: 'store',
      fields: [{ version: at(3), told: named('b') }],
      status: { version: standing(at(2), 'disables'), value: 'disabled' },
    });
  });

  it('lets the text that sorts higher decide between fields of one version', () => {
    const [a, b] = [change('update', 1, { told: named('a') }), change('update', 1, { told: named('b') })];
    expect([nameIn(heard([a, b])), nameIn(heard([b, a]))]).toEqual(['b', 'b']);
  });
});

describe('the life of a user', () => {
  it.each<[string, Change[]]>([
    ['is active when nothing was said of it', [change('update', 1)]],
    ['is active after a creation', [change('create', 1)]],
    ['is active after an enabling that is newer than the disabling', [change('disable', 1), change('enable', 2)]],
    ['is active after a creation that is newer than a disabling', [change('disable', 1), change('create', 2)]],
    ['is active after a creation that is newer than the deletion', [change('delete', 1), change('create', 2)]],
    [
      'is active where the deletion arrives after the creation that followed it',
      [change('create', 2), change('delete', 1)],
    ],
    ['is active after an update that says so', [change('disable', 1), change('update', 2, { status: 'active' })]],
  ])('%s', (_, changes) => {
    expect(lifeAfter(...changes)).toBe('active');
  });

  it.each<[string, Change[]]>([
    ['is disabled where both come at one version', [change('disable', 1), change('enable', 1)]],
    ['stays disabled after an update that says nothing of it', [change('disable', 1), change('update', 2)]],
    ['is disabled where the enabling is older', [change('disable', 2), change('enable', 1)]],
    ['is disabled by a creation that says so', [change('create', 1, { status: 'disabled' })]],
    [
      'is disabled after the creation of a deleted user that is disabled later',
      [change('delete', 1), change('create', 2), change('disable', 3)],
    ],
  ])('%s', (_, changes) => {
    expect(lifeAfter(...changes)).toBe('disabled');
    expect(lifeAfter(...changes.toReversed())).toBe('disabled');
  });

  it.each<[string, Change[]]>([
    ['is over where deletion and creation come at one version', [change('delete', 1), change('create', 1)]],
    ['is over where deletion and update come at one version', [change('delete', 1), change('update', 1)]],
    ['is not begun again by a late update', [change('create', 1), change('delete', 3), change('update', 2)]],
    [
      'is not begun again by an update newer than the deletion',
      [change('delete', 1), change('update', 2, { told: named('a') })],
    ],
    ['is not begun again by an enabling', [change('delete', 1), change('enable', 2)]],
    ['is not begun again by a disabling', [change('delete', 1), change('disable', 2)]],
    ['is not begun again by an older creation', [change('delete', 2), change('create', 1)]],
    ['is over after a second deletion', [change('delete', 1), change('create', 2), change('delete', 3)]],
  ])('%s', (_, changes) => {
    expect(lifeAfter(...changes)).toBe('deleted');
    expect(lifeAfter(...changes.toReversed())).toBe('deleted');
  });

  it('has the fields of an update that arrived before the creation it belongs to', () => {
    const word = heard([
      change('delete', 1),
      change('update', 3, { told: named('b') }),
      change('create', 2, { told: named('a') }),
    ]);
    expect(accountStatusOf([word])).toBe('active');
    expect(nameIn(word)).toBe('b');
  });

  it('keeps nothing of what came before the deletion', () => {
    const word = heard([change('create', 1, { told: named('a') }), change('disable', 2), change('delete', 2)]);
    expect(word).toEqual({ source: 'store', deleted: standing(at(2), 'deletes') });
  });

  it('is over or disabled as soon as one source says so, and over before disabled', () => {
    const [active, disabled, deleted] = [
      heard([change('create', 1)]),
      heard([change('disable', 1)]),
      heard([change('delete', 1)]),
    ];
    expect(accountStatusOf([active, disabled])).toBe('disabled');
    expect(accountStatusOf([disabled, active, deleted])).toBe('deleted');
    expect(accountStatusOf([])).toBe('active');
  });
});

function shuffled<T>(list: fc.Arbitrary<T[]>): fc.Arbitrary<{ given: T[]; shuffled: T[] }> {
  return list.chain((given) =>
    fc
      .shuffledSubarray(given, { minLength: given.length, maxLength: given.length })
      .map((shuffled) => ({ given, shuffled })),
  );
}

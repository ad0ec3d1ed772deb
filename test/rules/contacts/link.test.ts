import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { draft, hasItsPermissions, isClean, isLeased, type Link } from '../../../functions/rules/contacts/link.ts';
import { reportOf, type Change, type Reports } from '../../../functions/rules/contacts/reports.ts';
import { ERASED } from '../../../functions/rules/contacts/told.ts';
import { issuedVersion, parseVersion, timeVersion } from '../../../functions/rules/contacts/version.ts';
import { TOKEN } from '../../../functions/rules/contacts/reports.ts';
import { tries } from '../../fuzz/hostile.ts';
import { anyChange, sampleFields } from './sample-changes.ts';
import { confirmed, rowAfter, rowFrom, rowOf, samplePolicy, sampleUser } from './sample-links.ts';

const token = (version: string, name: string): Change => ({
  source: TOKEN,
  kind: 'update',
  version,
  told: sampleFields(name),
});
const from = (source: string, kind: Change['kind'], at: number, name?: string): Change => ({
  source,
  kind,
  version: timeVersion(at),
  ...(name !== undefined && { told: sampleFields(name) }),
});
const create = (at: number, name = 'a') => from('a', 'create', at, name);
const update = (at: number, name: string) => from('a', 'update', at, name);
const remove = (at: number) => from('a', 'delete', at);

/** Everything that must not depend on the order: not with which creation a generation began. */
const endOf = ({ accountStatus, desired, reports }: Link) => ({
  accountStatus,
  desired,
  reports: reports.map((report) => ({ ...report, startedBy: undefined })),
});

const history = fc.array(fc.oneof(anyChange('a'), anyChange('b'), anyChange('api')), { minLength: 1, maxLength: 8 });

describe('draft', () => {
  it('begins the first life of a new user', () => {
    expect(draft(sampleUser, undefined, create(1), samplePolicy)).toMatchObject({
      accountStatus: 'active',
      generation: 1,
      sourceId: 'sample-member',
      isNews: true,
      reports: [{ source: 'a', startedBy: timeVersion(1) }],
    });
  });

  it('has no news where the row says all of it already', () => {
    expect(draft(sampleUser, rowFrom(create(2, 'b')), create(2, 'b'), samplePolicy).isNews).toBe(false);
    expect(draft(sampleUser, rowFrom(create(2, 'b')), undefined, samplePolicy).isNews).toBe(false);
    expect(draft(sampleUser, rowFrom(create(2, 'b'), remove(3)), update(1, 'c'), samplePolicy).isNews).toBe(false);
  });

  it('has news without a change where the configuration wants something else by now', () => {
    const stricter = { ...samplePolicy, permissions: { ...samplePolicy.permissions, none: { knowledgeBases: [] } } };
    expect(draft(sampleUser, rowFrom(create(1)), undefined, stricter).isNews).toBe(true);
  });

  it('leads to the same life and the same contact for every order of arrival', () => {
    fc.assert(
      fc.property(shuffled(history), ({ given, shuffled }) => {
        const [one, other] = [rowFrom(...given), rowFrom(...shuffled)];
        // What was told while the user was deleted is unknown until it is told again.
        if ([one, other].some((row) => JSON.stringify(row.reports).includes('"erased"')))
          expect(other.accountStatus).toBe(one.accountStatus);
        else expect(endOf(other)).toEqual(endOf(one));
      }),
      tries(300),
    );
  });

  it('does not care how often a change arrives', () => {
    fc.assert(
      fc.property(history, (given) => {
        const [once, twice] = [rowFrom(...given), rowFrom(...given.flatMap((one) => [one, one]))];
        expect(twice).toMatchObject({
          accountStatus: once.accountStatus,
          desired: once.desired,
          generation: once.generation,
        });
      }),
      tries(100),
    );
  });

  it('never goes back to an earlier generation', () => {
    fc.assert(
      fc.property(history, (given) => {
        const generations = given.map((_, index) => rowFrom(...given.slice(0, index + 1)).generation);
        expect(generations).toEqual(generations.toSorted((a, b) => a - b));
      }),
      tries(100),
    );
  });
});

describe('a life', () => {
  it('ends with the generation it has, and the next one begins with a creation', () => {
    const ended = rowFrom(create(1), remove(2));
    expect(ended).toMatchObject({ accountStatus: 'deleted', generation: 1 });
    expect(rowAfter(ended, create(3))).toMatchObject({
      accountStatus: 'active',
      generation: 2,
      sourceId: 'sample-member~2',
    });
  });

  it('that begins again gets another contact, and the former one is retired', () => {
    const back = rowAfter(rowAfter(confirmed(rowFrom(create(1))), remove(2)), create(3));
    expect(back).toMatchObject({ generation: 2, formerContacts: ['contact-1'] });
    expect(back.contactId).toBeUndefined();
  });

  it('keeps its contact where the deletion is older than the creation that began it', () => {
    expect(rowAfter(confirmed(rowFrom(create(2))), remove(1))).toMatchObject({ generation: 1, contactId: 'contact-1' });
  });

  it('ends where a deletion arrives late, between two creations that were both heard', () => {
    const row = rowAfter(rowAfter(confirmed(rowFrom(create(1))), create(3)), remove(2));
    expect(row).toMatchObject({ accountStatus: 'active', generation: 2, formerContacts: ['contact-1'] });
  });

  it('ends so also where its contact was replaced meanwhile, because a leaked id is no creation', () => {
    const before = rowAfter(confirmed(rowFrom(create(1), from('b', 'update', 1, 'other'))), create(3));
    const rotated = rowOf(draft(sampleUser, before, undefined, samplePolicy, { rotates: true }), before);
    const late = draft(sampleUser, rotated, remove(2), samplePolicy);
    expect(late).toMatchObject({ accountStatus: 'active', generation: 3, erases: true });
    expect(reportOf(late.reports, 'b')?.fields?.[0]?.told['name']).toEqual(ERASED);
  });

  it('ends by the deletion of a source that did not begin it with a creation', () => {
    const row = rowAfter(rowAfter(confirmed(rowFrom(update(1, 'a'))), create(4)), remove(2));
    expect(row).toMatchObject({ accountStatus: 'active', generation: 2, formerContacts: ['contact-1'] });
  });

  it('has no contact that was bound on the word of a life that a deletion ended', () => {
    fc.assert(
      fc.property(history, (given) => {
        let row: Link | undefined;
        let reportsWhenBound: Reports = [];
        for (const change of given) {
          row = rowAfter(row, change);
          if (row.accountStatus !== 'active' || row.contactId !== undefined) continue;
          row = confirmed(row, `contact-${row.generation}`);
          reportsWhenBound = row.reports;
        }
        if (row?.accountStatus !== 'active' || row.contactId === undefined) return;
        for (const { source, deleted } of row.reports) {
          const then = reportOf(reportsWhenBound, source);
          if (deleted === undefined || deleted === then?.deleted) continue;
          expect(then?.created !== undefined && then.created > deleted).toBe(true);
        }
      }),
      tries(500),
    );
  });
});

describe('a token', () => {
  const iat = issuedVersion;
  it('says nothing new when it carries the same fields, however young it is', () => {
    const row = rowFrom(token(iat(1), 'a'));
    expect(draft(sampleUser, row, token(iat(9), 'a'), samplePolicy).isNews).toBe(false);
    expect(draft(sampleUser, row, token(timeVersion(9), 'a'), samplePolicy).isNews).toBe(false);
  });

  it('says something new when its fields differ and it is younger', () => {
    const row = rowFrom(token(iat(2), 'a'));
    expect(draft(sampleUser, row, token(iat(3), 'b'), samplePolicy).desired.contact.name).toBe('b');
    expect(draft(sampleUser, row, token(iat(1), 'b'), samplePolicy).isNews).toBe(false);
  });

  it('is weaker than what any store says, though it is younger', () => {
    expect(rowFrom(update(1, 'store'), token(iat(9), 'token')).desired.name).toBe('store');
    expect(rowFrom(token(iat(9), 'token'), update(1, 'store')).desired.name).toBe('store');
    const sequence: Change = { ...update(1, 'store'), version: parseVersion(1) ?? '' };
    expect(rowFrom(sequence, token(timeVersion(9), 'token')).desired.name).toBe('store');
  });

  it('is weaker than what any store says, whatever its clock', () => {
    expect(rowFrom(update(1, 'store'), token(timeVersion(2), 'token')).desired.name).toBe('store');
    expect(rowFrom(token(timeVersion(3), 'token'), update(2, 'store')).desired.name).toBe('store');
  });

  it('is heard of somebody who is disabled, so that it does not matter which came first', () => {
    const disable: Change = { ...from('a', 'disable', 2), source: 'c' };
    const enable: Change = { ...from('a', 'enable', 3), source: 'c' };
    const orders = [
      [token(iat(1), 'token'), disable, enable],
      [disable, token(iat(1), 'token'), enable],
    ];
    for (const order of orders) expect(rowFrom(...order).desired.name).toBe('token');
  });

  it('says nothing of somebody who is deleted', () => {
    const row = rowFrom(create(1), remove(2));
    expect(draft(sampleUser, row, token(timeVersion(9), 'token'), samplePolicy).isNews).toBe(false);
  });

  it('does not outlive the life in which it spoke', () => {
    const back = rowFrom(create(1), token(timeVersion(9), 'token'), remove(10), create(11, 'new'));
    expect(reportOf(back.reports, TOKEN)).toBeUndefined();
    expect(back.desired.name).toBe('new');
  });

  it('does not outlive a life that a late deletion ended', () => {
    const back = rowFrom(create(1), token(timeVersion(9), 'token'), create(4, 'new'), remove(2));
    expect(back).toMatchObject({ accountStatus: 'active', generation: 2, desired: { name: 'new' } });
    expect(reportOf(back.reports, TOKEN)).toBeUndefined();
  });

  it('does not bring a deleted user back', () => {
    expect(rowFrom(create(1), remove(2), token(timeVersion(9), 'token')).accountStatus).toBe('deleted');
  });
});

describe('a row', () => {
  const row = confirmed(rowFrom(create(1)));
  it('is clean when MaiAgent has confirmed what is wanted', () => {
    expect(isClean(row)).toBe(true);
    expect(isClean({ ...row, confirmedHash: 'other' })).toBe(false);
    expect(isClean(rowFrom(create(1)))).toBe(false);
  });

  it('is not clean while a request with something else may be under way', () => {
    expect(isClean({ ...row, openRequests: 1, sentHash: 'other' })).toBe(false);
    expect(isClean({ ...row, openRequests: 1, sentHash: row.desiredHash })).toBe(true);
    expect(hasItsPermissions({ ...row, openRequests: 1, sentPermissions: 'other' })).toBe(false);
    expect(hasItsPermissions({ ...row, openRequests: 1, sentPermissions: row.desiredPermissions })).toBe(true);
  });

  it('is leased until the lease is over, and not at its last millisecond', () => {
    expect(isLeased({ ...row, leaseOwner: 'one', leaseUntil: 1000 }, 999)).toBe(true);
    expect(isLeased({ ...row, leaseOwner: 'one', leaseUntil: 1000 }, 1000)).toBe(false);
    expect(isLeased(row, 0)).toBe(false);
  });
});

function shuffled<T>(list: fc.Arbitrary<T[]>): fc.Arbitrary<{ given: T[]; shuffled: T[] }> {
  return list.chain((given) =>
    fc
      .shuffledSubarray(given, { minLength: given.length, maxLength: given.length })
      .map((shuffled) => ({ given, shuffled })),
  );
}

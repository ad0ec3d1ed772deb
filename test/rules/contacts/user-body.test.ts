import { describe, expect, it } from 'vitest';
import { Refused } from '../../../functions/rules/failure.ts';
import { readBody } from '../../../functions/rules/http/request-body.ts';
import type { SourceReport } from '../../../functions/rules/contacts/reports.ts';
import { changeOf, deletionOf, userBodySchema } from '../../../functions/rules/contacts/user-body.ts';
import { noFields } from '../../../functions/rules/contacts/user-fields.ts';
import { parseVersion, timeVersion } from '../../../functions/rules/contacts/version.ts';

const nowMs = Date.UTC(2026, 0, 1);
/** What a version that cannot be read is refused with. */
const unreadable = new Refused('body_invalid', {
  flaws: [{ path: 'version', problem: 'must be an integer below 9 × 10^18, its digits, or an ISO 8601 instant' }],
});
const change = (body: object, reports?: SourceReport) => changeOf(readBody(userBodySchema, body), nowMs)(reports);

describe('changeOf', () => {
  it('is an update with every field, what is absent being empty', () => {
    expect(change({ name: 'Sample Member', version: 7 })).toEqual({
      source: 'api',
      kind: 'update',
      version: parseVersion(7),
      fields: { ...noFields, name: 'Sample Member' },
    });
  });

  it('stands at the time of the request where it has no version', () => {
    expect(change({}).version).toBe(timeVersion(nowMs));
  });

  it('is newer than all that the back end has said, though its clock is ahead of ours', () => {
    const ahead = timeVersion(nowMs + 240_000);
    const reports = { fields: { version: ahead, value: noFields }, created: timeVersion(nowMs) };
    expect(change({}, reports).version).toBe(timeVersion(nowMs + 240_001));
    expect(change({ version: '2026-01-01T00:00:00Z' }, reports).version).toBe(timeVersion(nowMs));
  });

  it('says the standing only where the body does', () => {
    expect(change({ status: 'disabled' }).status).toBe('disabled');
    expect(change({})).not.toHaveProperty('status');
  });

  it('is a creation only where the body says so', () => {
    expect(change({ create: true }).kind).toBe('create');
    expect(change({ create: false }).kind).toBe('update');
  });

  it.each([1.5, -1, 'yesterday', '', '2026-01-01'])('refuses the version %j', (version) => {
    expect(() => change({ version })).toThrow(unreadable);
  });

  it('refuses a version that lies more than five minutes ahead', () => {
    expect(change({ version: '2026-01-01T00:05:00Z' }).version).toBe(timeVersion(nowMs + 300_000));
    expect(() => change({ version: '2026-01-01T00:05:00.001Z' })).toThrow(new Refused('version_in_future'));
    expect(() => change({ version: '+058000-01-01T00:00:00Z' })).toThrow(unreadable);
  });
});

describe('deletionOf', () => {
  const deletion = (reports: SourceReport) => deletionOf({}, nowMs)(reports).version;

  it.each<[string, SourceReport, string | undefined]>([
    ['stands at the time of the request', {}, timeVersion(nowMs)],
    [
      'ends what was said by a clock that is ahead of ours',
      { created: timeVersion(nowMs + 9) },
      timeVersion(nowMs + 9),
    ],
    ['ends what was said under a number', { created: parseVersion(3)! }, parseVersion(3)],
  ])('without a version %s', (_, reports, expected) => {
    expect(deletion(reports)).toBe(expected);
  });
});

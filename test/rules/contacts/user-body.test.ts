import { describe, expect, it } from 'vitest';
import { Refused } from '../../../functions/rules/failure.ts';
import { readBody } from '../../../functions/rules/http/request-body.ts';
import type { SourceReport } from '../../../functions/rules/contacts/reports.ts';
import { userBodySchema } from '../../../functions/rules/body-schemas.ts';
import { deletionOf, readUpdate } from '../../../functions/rules/contacts/user-body.ts';
import { after, parseVersion, timeVersion } from '../../../functions/rules/contacts/version.ts';
import { emptyUser, wholeUser } from './sample-changes.ts';

const nowMs = Date.UTC(2026, 0, 1);
/** What a version that cannot be read is refused with. */
const unreadable = new Refused('body_invalid', {
  flaws: [{ path: 'version', problem: 'must be an integer below 9 × 10^18, its digits, or an ISO 8601 instant' }],
});
const update = (body: object) => readUpdate(readBody(userBodySchema, body), nowMs);
const change = (body: object, report?: Partial<SourceReport>) =>
  update(body).changeOf(report && [{ source: 'api', ...report }]);

describe('readUpdate', () => {
  it('is an update with every field, what is absent being empty', () => {
    expect(change({ name: 'Sample Member', version: 7 })).toEqual({
      source: 'api',
      kind: 'update',
      version: parseVersion(7),
      told: wholeUser({ name: 'Sample Member' }),
    });
  });

  it('stands at the time of the request where it has no version', () => {
    expect(change({}).version).toBe(timeVersion(nowMs));
  });

  it('is newer than all that the back end has said, though its clock is ahead of ours', () => {
    const ahead = timeVersion(nowMs + 240_000);
    const reports = { fields: [{ version: ahead, told: emptyUser }], created: timeVersion(nowMs) };
    expect(change({}, reports).version).toBe(after(ahead));
    expect(after(ahead) > ahead).toBe(true);
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

describe('a body', () => {
  it('takes null for absent, in every member', () => {
    const members = ['name', 'email', 'phoneNumber', 'avatar', 'roles', 'groups', 'attributes'];
    const body = Object.fromEntries([...members, 'version', 'status', 'create'].map((name) => [name, null]));
    expect(change(body)).toEqual(change({}));
    expect(change({ attributes: { country: null } })).toEqual(change({}));
  });

  it.each([
    ['name', {}],
    ['email', 'ana'],
    ['phoneNumber', 'x'.repeat(65)],
    ['avatar', 'http://corp.example/a.png'],
  ])('whose %s cannot be used changes the standing all the same, and is told', (field, value) => {
    const { changeOf, unusable } = update({ [field]: value, status: 'disabled', roles: ['staff'] });
    expect(unusable).toEqual([{ path: field, problem: expect.any(String) }]);
    expect(changeOf(undefined)).toMatchObject({ status: 'disabled', told: { roles: ['staff'], [field]: '' } });
  });

  it.each<[string, unknown]>([
    ['roles', { staff: true }],
    ['groups', [{}]],
    ['attributes', ['JP']],
    ['attributes', { country: ['JP', 'TW'] }],
    ['attributes', { '': 'x' }],
  ])('whose %s cannot be used is refused: %j', (path, value) => {
    const refusal = new Refused('body_invalid', { flaws: [{ path, problem: expect.any(String) }] });
    expect(() => update({ [path]: value })).toThrow(refusal);
  });

  it('is refused above 64 KiB in all, counted in bytes', () => {
    const many = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, at) => [`a${at}`, '名'.repeat(600)]));
    expect(update({ attributes: many(35) }).unusable).toEqual([]);
    expect(() => update({ attributes: many(37) })).toThrow(Refused);
  });

  it('gives a number above 2^53 that the JSON had whole', () => {
    expect(change({ version: '9007199254740993' }).version).toBe(parseVersion('9007199254740993'));
  });

  it.each([{ nickname: 'x' }, { status: 'gone' }, { create: 'yes' }, { version: {} }])('is refused: %j', (body) => {
    expect(() => update(body)).toThrow(Refused);
  });
});

describe('deletionOf', () => {
  const deletion = (report: Partial<SourceReport>) => deletionOf({}, nowMs)([{ source: 'api', ...report }]).version;

  it.each<[string, Partial<SourceReport>, string | undefined]>([
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

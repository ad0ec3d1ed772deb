import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requestOf, type RequestOptions } from '../../local/commands/broadcasts/request.ts';
import { CommandError } from '../../local/commands/command-error.ts';
import { broadcastBodySchema } from '../../functions/rules/broadcasts/broadcast.ts';
import { type Flaw, Refused } from '../../functions/rules/failure.ts';
import { readBody } from '../../functions/rules/http/request-body.ts';
import { scheduleFlaws } from '../../functions/rules/schedules/schedule.ts';

let folder: string;
beforeAll(() => (folder = mkdtempSync(path.join(tmpdir(), 'cli-broadcasts-'))));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string | Buffer): string {
  const place = path.join(folder, name);
  writeFileSync(place, content);
  return place;
}

const toOne = { message: 'We open at nine.', user: ['member-1'] };
const [monday, zone] = ['0 9 ? * MON *', 'UTC'];

describe('the request of a broadcast', () => {
  it('is the message and the audience, and no more than was said', async () => {
    expect(await requestOf({ message: ' x\n', contact: ['c-1'] })).toEqual({
      message: ' x\n',
      audience: { kind: 'contacts', contactIds: ['c-1'] },
    });
  });

  it('takes the message and the users from files, and users beside them', async () => {
    const messageFile = file('message.txt', '\ufeffWe open at nine.\r\nAnd close at five.\r\n');
    const usersFile = file('users.txt', '\ufeffmember-2\r\n\nmember 3 \n');
    expect(await requestOf({ messageFile, usersFile, user: ['member-1'] })).toEqual({
      message: 'We open at nine.\r\nAnd close at five.',
      audience: { kind: 'users', userIds: ['member-1', 'member-2', 'member 3 '] },
    });
  });

  it('confirms everybody, for the preview too', async () => {
    expect(await requestOf({ message: 'x', all: true })).toEqual({
      message: 'x',
      audience: { kind: 'all' },
      confirm: 'all',
    });
  });

  it('narrows an audience; the first = ends the name of an attribute', async () => {
    const { audience } = await requestOf({ ...toOne, exceptUser: ['a'], role: ['staff'], attribute: ['a=b=c', 'd='] });
    expect(audience).toEqual({
      kind: 'users',
      userIds: ['member-1'],
      except: { userIds: ['a'] },
      where: { roles: ['staff'], attributes: { a: 'b=c', d: '' } },
    });
  });

  it.each<[Partial<RequestOptions>, object | undefined]>([
    [{}, undefined],
    [
      { at: '2027-03-01 09:00', zone: 'Asia/Taipei' },
      { kind: 'at', at: '2027-03-01T09:00:00', timeZone: 'Asia/Taipei' },
    ],
    [
      { at: '2027-03-01T09:00:30', zone },
      { kind: 'at', at: '2027-03-01T09:00:30', timeZone: zone },
    ],
    [
      { cron: monday, zone },
      { kind: 'cron', cron: monday, timeZone: zone },
    ],
    [
      { cron: monday, zone, end: '2027-12-31T00:00' },
      { kind: 'cron', cron: monday, timeZone: zone, end: '2027-12-31T00:00:00' },
    ],
    [{ rate: '7 days' }, { kind: 'rate', rate: '7 days' }],
    [
      { rate: '7 days', end: '2027-12-31T00:00+08:00' },
      { kind: 'rate', rate: '7 days', end: '2027-12-31T00:00:00+08:00' },
    ],
  ])('is for the times of %j', async (options, schedule) => {
    expect((await requestOf({ ...toOne, ...options })).schedule).toEqual(schedule);
  });

  it.each<[RequestOptions, RegExp]>([
    [{ messageFile: '/nowhere/message.txt', user: ['a'] }, /\/nowhere\/message.txt cannot be read/],
    [{ message: 'x' }, /say to whom/],
    [{ user: ['a'] }, /say what they read: --message/],
    [{ testTo: 'a' }, /say what they read: --message/],
    [{ ...toOne, attribute: ['north'] }, /takes name=value, not north/],
    [{ ...toOne, attribute: ['=north'] }, /takes name=value, not =north/],
    [{ ...toOne, attribute: ['a=1', 'a=2'] }, /takes each name once/],
  ])('cannot be made of %o', async (options, line) => {
    const refused = requestOf(options);
    await expect(refused).rejects.toThrow(line);
    await expect(refused).rejects.toBeInstanceOf(CommandError);
  });

  it('cannot be made of a file that is no text', async () => {
    const binary = file('binary', Buffer.from([0xff, 0xfe, 0x00]));
    await expect(requestOf({ messageFile: binary, user: ['a'] })).rejects.toThrow(/is no text in UTF-8/);
  });

  it.each<[Partial<RequestOptions>, RegExp]>([
    [{ message: ' \n' }, /^message: must say something$/],
    [{ at: '2027-03-01T09:00' }, /^schedule.timeZone: must be of type string$/],
    [{ at: '2027-03-01T09:00Z', zone }, /^schedule: at must be a local time such as/],
    [{ cron: monday }, /^schedule.timeZone: must be of type string$/],
    [{ cron: monday, zone, end: 'Friday' }, /^schedule: end must be a local time such as/],
    [{ zone }, /^schedule.kind: must have a kind: now, at, cron or rate$/],
    [{ end: '2027-12-31T00:00' }, /^schedule.kind: must have a kind: now, at, cron or rate$/],
    [{ rate: '7 days', end: '2027-12-31T00:00' }, /^schedule: end must be an instant such as/],
    [{ lateness: Number('soon') }, /^latenessMinutes: must be of type /],
    [{ lateness: 1_441 }, /^latenessMinutes: must be at most 1440/],
  ])('is refused by the API in words that say what is wrong with %o', async (options, problem) => {
    const sent: unknown = JSON.parse(JSON.stringify(await requestOf({ ...toOne, ...options })));
    expect(problemsOf(sent).join('; ')).toMatch(problem);
  });
});

/** What the API says of a body, place by place. */
function problemsOf(body: unknown): string[] {
  try {
    const { schedule } = readBody(broadcastBodySchema, body);
    return scheduleFlaws(schedule, Date.parse('2027-02-01T00:00:00Z')).map(written);
  } catch (error) {
    return error instanceof Refused ? error.flaws.map(written) : [String(error)];
  }
}
const written = ({ path: place, problem }: Flaw): string => `${place}: ${problem}`;

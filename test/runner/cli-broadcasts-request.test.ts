import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requestOf, type RequestOptions } from '../../local/commands/broadcasts/request.ts';
import { CommandError } from '../../local/commands/command-error.ts';

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
    expect(await requestOf({ message: ' x\n', contact: ['c-1', 'c-1'] })).toEqual({
      message: ' x\n',
      audience: { kind: 'contacts', contactIds: ['c-1'] },
    });
  });

  it('takes the message and the users from files, each user once', async () => {
    const messageFile = file('message.txt', '\ufeffWe open at nine.\r\nAnd close at five.\r\n');
    const usersFile = file('users.txt', '\ufeffmember-2\r\n\nmember 3 \n');
    expect(await requestOf({ messageFile, usersFile, user: ['member-1', 'member-2'] })).toEqual({
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
      { kind: 'rate', rate: '7 days', end: '2027-12-30T16:00:00Z' },
    ],
  ])('is for the times of %j', async (options, schedule) => {
    expect((await requestOf({ ...toOne, ...options })).schedule).toEqual(schedule);
  });

  it.each<[RequestOptions, RegExp]>([
    [{ user: ['member-1'] }, /--message or by --message-file/],
    [{ ...toOne, message: ' \n' }, /the message is empty/],
    [{ ...toOne, messageFile: 'x' }, /--message or by --message-file/],
    [{ messageFile: '/nowhere/message.txt', user: ['a'] }, /\/nowhere\/message.txt cannot be read/],
    [{ message: 'x' }, /say to whom/],
    [{ ...toOne, all: true }, /one of these three/],
    [{ ...toOne, contact: ['c-1'] }, /one of these three/],
    [{ ...toOne, attribute: ['north'] }, /takes name=value, not north/],
    [{ ...toOne, attribute: ['=north'] }, /takes name=value, not =north/],
    [{ ...toOne, attribute: ['a=1', 'a=2'] }, /takes each name once/],
    [{ ...toOne, at: '2027-03-01T09:00' }, /say in which zone/],
    [{ ...toOne, cron: monday }, /say in which zone/],
    [{ ...toOne, at: '2027-03-01T09:00Z', zone }, /--at takes a local time/],
    [{ ...toOne, cron: monday, zone, end: 'Friday' }, /--end takes a local time/],
    [{ ...toOne, at: '2027-03-01T09:00', cron: monday, zone }, /say when once/],
    [{ ...toOne, zone }, /--zone belongs to/],
    [{ ...toOne, rate: '7 days', zone }, /--zone belongs to/],
    [{ ...toOne, rate: '7 days', end: '2027-12-31T00:00' }, /takes an instant/],
    [{ ...toOne, rate: '7 days', end: '2027-13-31T00:00Z' }, /takes an instant/],
    [{ ...toOne, at: '2027-03-01T09:00', zone, end: '2027-12-31T00:00' }, /--end belongs to/],
    [{ message: 'x', user: Array.from({ length: 5_001 }, (_, at) => `m-${at}`) }, /5001 ids are too many/],
  ])('cannot be made of %o', async (options, line) => {
    const refused = requestOf(options);
    await expect(refused).rejects.toThrow(line);
    await expect(refused).rejects.toBeInstanceOf(CommandError);
  });

  it('cannot be made of a file without a user, or that is no text, or too large', async () => {
    await expect(requestOf({ message: 'x', usersFile: file('nobody', '\r\n\n') })).rejects.toThrow(/names nobody/);
    const binary = file('binary', Buffer.from([0xff, 0xfe, 0x00]));
    await expect(requestOf({ messageFile: binary, user: ['a'] })).rejects.toThrow(/is no text in UTF-8/);
    const large = file('large', Buffer.alloc(6 * 1024 * 1024, 'a'));
    await expect(requestOf({ messageFile: large, user: ['a'] })).rejects.toThrow(/has more than 5242880 bytes/);
  });
});

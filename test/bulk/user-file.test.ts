import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readUsers, type FileRow, type UserFile } from '../../local/bulk/user-file.ts';

let folder = '';
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'users-'))));
afterAll(() => rm(folder, { recursive: true }));

async function read(name: string, bytes: string | Buffer, encoding?: string): Promise<FileRow[]> {
  const file: UserFile = { path: join(folder, name), encoding };
  await writeFile(file.path, bytes);
  return (await readUsers(file)).rows;
}
const records = (rows: readonly FileRow[]): unknown[] =>
  rows.map((row) => ('text' in row ? (JSON.parse(row.text) as unknown) : row));
const table = 'userId,name\r\na,"Sample, A"\r\nb,"two\r\nlines"\r\n\r\n';
const both = [
  { userId: 'a', name: 'Sample, A' },
  { userId: 'b', name: 'two\r\nlines' },
];
const utf16 = (text: string): Buffer => Buffer.from(`\ufeff${text}`, 'utf16le');

describe('a table', () => {
  it.each([
    ['in UTF-8', Buffer.from(table)],
    ['with the mark of UTF-8', Buffer.from(`\ufeff${table}`)],
    ['in UTF-16, little endian', utf16(table)],
    ['in UTF-16, big endian', utf16(table).swap16()],
    [
      'with semicolons',
      Buffer.from(table.replace('userId,name', 'userId;name').replace('a,"', 'a;"').replace('b,"', 'b;"')),
    ],
    ['with tabs', utf16(table.replace('userId,name', 'userId\tname').replace('a,"', 'a\t"').replace('b,"', 'b\t"'))],
    ['with another line end in the last row', Buffer.from(table.replace(/\r\n$/, '\n'))],
    ['with line feeds alone', Buffer.from(table.replaceAll('\r\n', '\n').replace('two\n', 'two\r\n'))],
  ])('reads %s', async (_, bytes) => {
    expect(records(await read('a.csv', bytes))).toEqual(both);
  });

  it.each([
    ['shift_jis', '8db293a1', '佐藤'],
    ['big5', 'b3afa46a', '陳大'],
  ])('reads %s where that is said', async (encoding, hex, name) => {
    const bytes = Buffer.concat([Buffer.from('userId,name\r\na,'), Buffer.from(hex, 'hex'), Buffer.from('\r\n')]);
    expect(records(await read('b.csv', bytes, encoding))).toEqual([{ userId: 'a', name }]);
    await expect(read('b.csv', bytes)).rejects.toThrow('is no text in UTF-8');
  });

  it('takes columns with a dot for attributes, and says on which line a row of another length ends', async () => {
    const rows = await read('c.csv', 'userId,attributes.country\na,JP\nb,"x\ny",z\nc,TW\n');
    expect(records(rows)).toEqual([
      { userId: 'a', attributes: { country: 'JP' } },
      { line: 4, problem: 'has another number of cells than the row of names' },
      { userId: 'c', attributes: { country: 'TW' } },
    ]);
  });

  it.each([
    ['userId,userId\na,b\n', 'a name of its own'],
    ['userId,\na,b\n', 'a name of its own'],
    ['userId,name\na,"b\n', 'is no CSV'],
  ])('refuses %j', async (text, message) => {
    await expect(read('d.csv', text)).rejects.toThrow(message);
  });
});

it('reads JSON Lines as they are', async () => {
  const rows = await read('e.jsonl', '{"userId":"a","name":"x\u2028y"}\r\n\n{"userId":90071992547409931}');
  expect(rows.map(({ line }) => line)).toEqual([1, 3]);
  expect(rows[1]).toMatchObject({ text: '{"userId":90071992547409931}' });
});

it('says that there is no such file, and no such encoding', async () => {
  await expect(readUsers({ path: join(folder, 'none.csv') })).rejects.toThrow('cannot be read: ENOENT');
  await expect(read('f.csv', table, 'klingon')).rejects.toThrow('there is no encoding klingon');
});

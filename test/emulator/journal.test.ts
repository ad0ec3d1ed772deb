import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../../local/emulator/server.ts';
import { apiKey, inboxId, live, request } from './platform.ts';

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

function newFile(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'journal-test-'));
  closers.push(() => rmSync(folder, { recursive: true, force: true }));
  return path.join(folder, 'maiagent.jsonl');
}

/** One more process with this file, as far as the file can tell: the former one was never closed. */
async function start(file: string): Promise<Emulator> {
  const emulator = await startEmulator({ apiKey, inboxes: [{ id: inboxId, name: 'Sample inbox' }], file });
  closers.push(() => emulator.close());
  return emulator;
}

const headers = { authorization: `Api-Key ${apiKey}` };
const rowsOf = ({ store }: Emulator) => ({ contacts: store.contacts, conversations: store.conversations });

describe.skipIf(live)('an emulator with a file', () => {
  it('knows in the next run what it answered in this one, without having been closed', async () => {
    const file = newFile();
    const first = await start(file);
    const contacts = `${first.url}/api/v1/contacts/`;
    const body = { name: 'Sample', sourceId: 'member-1', inboxes: [{ id: inboxId }] };
    const { json } = await request(contacts, 'POST', { headers, body });
    const id = String(json['id']);
    await request(`${contacts}${id}/`, 'PATCH', { headers, body: { name: 'Renamed' } });
    const gone = await request(contacts, 'POST', { headers, body: { ...body, sourceId: 'member-2' } });
    await request(`${contacts}${String(gone.json['id'])}/`, 'DELETE', { headers });
    const conversation = first.store.addConversation(id, { messages: [{ type: 'incoming', content: 'A question' }] });
    first.reply(conversation, 'An answer');
    const second = await start(file);
    expect(rowsOf(second)).toEqual(rowsOf(first));
    const kept = await request(`${second.url}/api/v1/contacts/?query=member`, 'GET', { headers });
    expect(kept.json).toMatchObject({ count: 1, results: [{ id, name: 'Renamed', sourceId: 'member-1' }] });
    expect(second.store.conversationsOf(id)).toHaveLength(1);
  });

  it('begins each run with the shortest file, and keeps what comes after that too', async () => {
    const file = newFile();
    const first = await start(file);
    const contact = first.store.addContact({ name: 'Sample' });
    for (let i = 0; i < 10; i++) first.store.change(contact, { name: `Sample ${i}` });
    const second = await start(file);
    expect(readFileSync(file, 'utf8').trimEnd().split('\n')).toHaveLength(1);
    second.store.addContact({ name: 'Another' });
    expect((await start(file)).store.contacts.map(({ name }) => name)).toEqual(['Sample 9', 'Another']);
  });

  it('forgets in the next run what a reset forgot', async () => {
    const file = newFile();
    const first = await start(file);
    first.store.addContact({ name: 'Sample' });
    await first.reset();
    expect((await start(file)).store.contacts).toEqual([]);
  });

  it('leaves out the line that a killed process did not finish', async () => {
    const file = newFile();
    (await start(file)).store.addContact({ name: 'Sample' });
    appendFileSync(file, '{"contact":{"id":"8f14e4');
    const second = await start(file);
    second.store.addContact({ name: 'Another' });
    expect((await start(file)).store.contacts.map(({ name }) => name)).toEqual(['Sample', 'Another']);
  });

  it('refuses a file of something else, and leaves it alone', async () => {
    const file = newFile();
    writeFileSync(file, 'a list of groceries\n');
    await expect(start(file)).rejects.toThrow(
      `the kept contacts in ${file} cannot be read: remove the data folder, or use another one`,
    );
    expect([readFileSync(file, 'utf8'), existsSync(`${file}.new`)]).toEqual(['a list of groceries\n', false]);
  });
});

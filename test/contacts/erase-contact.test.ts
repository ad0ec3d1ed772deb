import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { isGone } from '../../functions/contacts/erase-contact.ts';
import { HttpContactApi } from '../../functions/io/maiagent/http-contact-api.ts';
import { systemClock } from '../../functions/io/clock.ts';
import { httpSender, type HttpSend } from '../../functions/io/https.ts';
import { startEmulator, type Emulator } from '../../local/emulator/server.ts';
import { apiKey, inboxId, keyOf, soon } from '../io/maiagent/api-rig.ts';

let emulator: Emulator;
beforeAll(async () => {
  emulator = await startEmulator({ apiKey, inboxes: [{ id: inboxId, name: 'Sample inbox' }] });
});
afterAll(() => emulator.close());
beforeEach(() => emulator.store.clear());

const live = httpSender();
const notFound = { kind: 'reply', status: 404, headers: {}, body: '{"detail":"Not found."}' } as const;
const someContact = (sourceId: string) => emulator.store.addContact({ sourceId, inboxes: [inboxId] }).id;

/** Whether a contact counts as gone where some requests are answered with a 404, whatever is there. */
function gone(contactId: string, looksGone: (path: string) => boolean = () => false): Promise<boolean> {
  const send: HttpSend = (request) => (looksGone(request.url.pathname) ? Promise.resolve(notFound) : live(request));
  const maiAgent = { origin: emulator.url, prefix: '/api/v1', inboxId, clearWith: 'empty' } as const;
  return isGone(contactId, soon(), new HttpContactApi(maiAgent, keyOf(apiKey), send, systemClock));
}

const unknownId = '0e0f6f0a-55a5-4c1b-8a55-3a3f3c6f2b11';

describe('a contact that MaiAgent said is gone', () => {
  it('is gone where it cannot be read again and another one can', async () => {
    someContact('another');
    expect(await gone(unknownId)).toBe(true);
  });

  it('is not gone where it can be read again', async () => {
    const contactId = someContact('sample');
    someContact('another');
    expect(await gone(contactId)).toBe(false);
  });

  it('is not gone where every contact looks gone, as with a wrong key', async () => {
    someContact('another');
    expect(await gone(unknownId, (path) => /contacts\/.+/.test(path))).toBe(false);
  });

  it('is not gone where no other contact is there to be read', async () => {
    expect(await gone(unknownId)).toBe(false);
  });

  it('is not gone where the others cannot be listed', async () => {
    someContact('another');
    expect(await gone(unknownId, (path) => path.endsWith('contacts/'))).toBe(false);
  });
});

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { erase } from '../../functions/contacts/erase-contact.ts';
import { policyOf } from '../../functions/env.ts';
import { HttpContactApi } from '../../functions/io/maiagent/contact-api.ts';
import { isGone } from '../../functions/io/maiagent/presence.ts';
import { systemClock } from '../../functions/io/clock.ts';
import { httpSender, type HttpSend } from '../../functions/io/https.ts';
import { anonymisedContact } from '../../functions/rules/contacts/desired.ts';
import { startEmulator, type Emulator } from '../../local/emulator/server.ts';
import { sampleSettings } from '../rigs/sample-settings.ts';
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
  return isGone(contactId, soon(), contactsBy(send));
}

function contactsBy(send: HttpSend): HttpContactApi {
  const maiAgent = { origin: emulator.url, prefix: '/api/v1', inboxId, clearWith: 'empty' } as const;
  return new HttpContactApi(maiAgent, keyOf(apiKey), send, systemClock);
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

describe('with the key of another account', () => {
  const elsewhere = '7d0c1e52-2f6f-4a43-9c55-0b8f6c0f1a99';
  /** A list there is narrowed by no inbox that it does not know. */
  const ofAll: HttpSend = (request) => {
    const url = new URL(request.url);
    url.searchParams.delete('inboxes');
    return live({ ...request, url });
  };

  it('nothing is gone, because what it lists and reads is not in our inbox', async () => {
    emulator.store.addContact({ sourceId: 'another', inboxes: [elsewhere] });
    expect(await isGone(unknownId, soon(), contactsBy(ofAll))).toBe(false);
  });

  it('one of our inbox behind others is proof all the same', async () => {
    someContact('another');
    emulator.store.addContact({ sourceId: 'elsewhere', inboxes: [elsewhere] });
    expect(await isGone(unknownId, soon(), contactsBy(ofAll))).toBe(true);
  });
});

describe('a contact that is erased', () => {
  const nobody = anonymisedContact(policyOf(sampleSettings));

  it.each<[what: string, removal: number, scrub: number, calls: string[], ends: object]>([
    ['is removed', 204, 500, ['DELETE'], { kind: 'done' }],
    ['looks gone as every contact does', 404, 500, ['DELETE', 'GET'], { kind: 'refused', status: 404 }],
    ['has conversations, and becomes nobody', 400, 200, ['DELETE', 'PATCH', 'GET'], { kind: 'done' }],
    [
      'looks gone before it becomes nobody',
      400,
      404,
      ['DELETE', 'PATCH', 'GET', 'GET'],
      { kind: 'refused', status: 404 },
    ],
    ['does not become nobody', 400, 403, ['DELETE', 'PATCH'], { kind: 'refused', status: 403 }],
    ['may not be touched', 403, 200, ['DELETE'], { kind: 'refused', status: 403 }],
    ['is perhaps removed', 500, 200, ['DELETE'], { kind: 'unknown' }],
    ['is in a state that nobody documents', 409, 200, ['DELETE'], { kind: 'unknown' }],
  ])('%s: %i, %i', async (_, removal, scrub, calls, ends) => {
    const made: string[] = [];
    const contacts = contactsBy(async ({ method }) => {
      made.push(method);
      const status = method === 'DELETE' ? removal : scrub;
      return { kind: 'reply', status, headers: {}, body: '{"count":0,"results":[]}' };
    });
    expect(await erase(unknownId, nobody, soon(), contacts)).toMatchObject(ends);
    expect(made).toEqual(calls);
  });

  it('is gone already where it cannot be read again and another one can', async () => {
    someContact('another');
    expect(await erase(unknownId, nobody, soon(), contactsBy(live))).toEqual({ kind: 'done', value: { how: 'gone' } });
  });

  it('becomes nobody all the same where MaiAgent takes no other sourceId, and the receipt says so', async () => {
    const contactId = someContact('sample');
    const { id } = emulator.store.addConversation(contactId);
    const contacts = contactsBy((request) =>
      request.body?.includes('sourceId')
        ? Promise.resolve({ kind: 'reply', status: 400, headers: {}, body: '{"sourceId":["no"]}' })
        : live(request),
    );
    expect(await erase(contactId, nobody, soon(), contacts)).toMatchObject({
      kind: 'done',
      value: { how: 'anonymised', conversations: [id], conversationsInAll: 1, keepsSourceId: true },
    });
    expect(emulator.store.row(contactId)).toMatchObject({ name: '匿名', sourceId: 'sample' });
  });
});

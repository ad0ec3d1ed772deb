import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../functions/io/clock.ts';
import { HttpContactApi, type ContactApi } from '../../functions/io/maiagent/contact-api.ts';
import type { HttpRequest, HttpSend } from '../../functions/io/https.ts';
import { hashOf } from '../../functions/rules/canonical.ts';
import { differingFields } from '../../functions/rules/contacts/drift.ts';
import type { Transport } from '../../functions/rules/maiagent/outcome.ts';
import { apiKey, inboxId, keyOf, otherInboxId, soon, desiredContact } from '../io/maiagent/api-rig.ts';
import { hostileJson, hostileText, inTime, nearlyJson, swiftly, tries, twisted } from './hostile.ts';
import {
  expectContact,
  expectConversation,
  expectMessage,
  expectOutcome,
  expectReport,
  expectSearch,
} from './reply-laws.ts';
import { secretFree } from './secret-free.ts';

const origin = 'https://api.sample.test';
const contactId = '7d0c1e52-2f6f-4a43-9c55-0b8f6c0f1b01';

const contact = {
  id: contactId,
  name: 'Sample Member',
  sourceId: 'sample-member',
  inboxes: [{ id: inboxId, name: 'Sample inbox' }, { id: otherInboxId }],
  inbox: { id: inboxId },
  email: 'member@corp.example',
  phoneNumber: 912_345_678,
  avatar: '',
  queryMetadata: { knowledge_bases: [{ knowledge_base_id: inboxId, has_user_selected_all: 'True' }] },
  metadata: [{ key: 'department', value: 'Sales', updatedAt: '2026-01-01T00:00:00Z' }],
  mcpCredentials: [{ secret: 'sample-credential' }],
  createdAt: '1760000000000',
  updated_at: 1_760_000_000,
};
const message = { id: contactId, type: 'incoming', content: 'Hello', createdAt: '1760000000000' };
const conversation = {
  id: contactId,
  contact: { id: contactId },
  inbox: { id: inboxId },
  title: 'Sample',
  lastMessage: message,
  unreadMessagesCount: '3',
  createdAt: '1760000000000',
};
const page = (results: unknown) => ({ count: 1, next: 'https://stranger.test/?page=2&key=x', previous: null, results });
const report = {
  results: [{ contact_id: contactId, conversation_id: inboxId, message_id: otherInboxId, status: 'success' }],
  errors: [{ contact_id: inboxId, error: 'No conversation found for this contact.' }],
};
const complaint = { sourceId: ['This field must be unique.'], detail: 'Invalid API key format.' };

const bodies = nearlyJson(
  fc.oneof(
    ...[
      contact,
      conversation,
      page([contact]),
      page([[contact]]),
      page([{ ...contact, id: contactId.toUpperCase() }]),
      { ...contact, id: contactId.toUpperCase() },
      page([conversation]),
      page([message]),
      [contact],
      report,
      complaint,
    ].map((good) => fc.oneof(fc.constant(good), twisted(good))),
    hostileJson,
  ),
);
const transports: fc.Arbitrary<Transport> = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom<Transport>({ kind: 'not-sent' }, { kind: 'reply-lost' }) },
  {
    weight: 9,
    arbitrary: fc.record({
      kind: fc.constant('reply'),
      status: fc.oneof(fc.constantFrom(200, 200, 200, 201, 204, 301, 400, 401, 404, 409, 429, 500), fc.nat(999)),
      headers: fc.dictionary(fc.constantFrom('retry-after', 'date', 'location', '__proto__'), hostileText),
      body: bodies,
    }),
  },
);

/** The client over replies that come in turn, the last one for ever; and what it sent. */
function clientOver(replies: readonly Transport[]): { readonly api: ContactApi; readonly sent: HttpRequest[] } {
  const sent: HttpRequest[] = [];
  const send: HttpSend = async (request) => {
    sent.push(request);
    return replies[Math.min(sent.length, replies.length) - 1] ?? { kind: 'reply-lost' };
  };
  const maiAgent = { origin, prefix: '/api/v1', inboxId, clearWith: 'empty' } as const;
  return { api: new HttpContactApi(maiAgent, keyOf(apiKey), send, systemClock), sent };
}

/** Each operation, with what must hold for its answer, and how many requests it may take. */
type Named = Exclude<keyof ContactApi, 'inboxId'>;
const operations: Record<Named, { run: (api: ContactApi) => Promise<void>; requestsMax: number }> = {
  search: { run: async (api) => expectSearch(await api.search('sample-member', soon())), requestsMax: 500 },
  list: {
    run: async (api) =>
      expectOutcome(await api.list(undefined, soon()), ({ items, unreadable }) => {
        items.forEach(expectContact);
        expect(unreadable).toBeGreaterThanOrEqual(0);
      }),
    requestsMax: 1,
  },
  create: {
    run: async (api) =>
      expectOutcome(await api.create('sample-member', desiredContact, soon()), (id) =>
        expect(id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
      ),
    // The second one is a read, where the reply does not show whose contact it is.
    requestsMax: 2,
  },
  retrieve: {
    run: async (api) =>
      expectOutcome(await api.retrieve(contactId, soon()), (read) => {
        expectContact(read);
        expect(differingFields(read, desiredContact)).toBeInstanceOf(Array);
      }),
    requestsMax: 1,
  },
  update: {
    run: async (api) =>
      expectOutcome(await api.update(contactId, desiredContact, soon()), (done) => expect(done).toBe('updated')),
    requestsMax: 1,
  },
  claim: {
    run: async (api) =>
      expectOutcome(await api.claim({ id: contactId, inboxIds: [] }, 'sample-member', soon()), (done) =>
        expect(done).toBe('updated'),
      ),
    requestsMax: 1,
  },
  replace: {
    run: async (api) =>
      expectOutcome(await api.replace(contactId, 'sample-member', desiredContact, soon()), (done) =>
        expect(done).toBe('updated'),
      ),
    requestsMax: 1,
  },
  remove: {
    run: async (api) => expectOutcome(await api.remove(contactId, soon()), (done) => expect(done).toBe('removed')),
    requestsMax: 1,
  },
  conversations: {
    run: async (api) =>
      expectOutcome(await api.conversations(contactId, { keyword: 'a&b=c' }, soon()), ({ items }) =>
        items.forEach(expectConversation),
      ),
    requestsMax: 1,
  },
  latestConversation: {
    run: async (api) =>
      expectOutcome(await api.latestConversation(contactId, soon()), (found) => {
        if (found !== 'none') expectConversation(found);
      }),
    requestsMax: 1,
  },
  messages: {
    run: async (api) =>
      expectOutcome(await api.messages(contactId, undefined, soon()), ({ items, unreadable }) => {
        items.forEach(expectMessage);
        expect(unreadable).toBeGreaterThanOrEqual(0);
      }),
    requestsMax: 1,
  },
  broadcast: {
    run: async (api) => expectOutcome(await api.broadcast('Hello', [contactId], soon()), expectReport),
    requestsMax: 1,
  },
};

describe.each(Object.entries(operations))('the reply to %s', (_, { run, requestsMax }) => {
  it(
    'becomes an outcome of its type, whatever it is, and no request leaves the configured origin',
    inTime,
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(transports, { minLength: 1, maxLength: 4 }), async (replies) => {
          const { api, sent } = clientOver(replies);
          await swiftly(() => run(api));
          expect(sent.length).toBeGreaterThan(0);
          expect(sent.length).toBeLessThanOrEqual(requestsMax);
          expect(sent.filter(({ method }) => method !== 'GET').length).toBeLessThanOrEqual(1);
          for (const { url, headers } of sent) {
            expect([url.origin, /^\/api\/v1\/(contacts|messages)\//.test(url.pathname)]).toEqual([origin, true]);
            expect(headers['authorization']).toBe(`Api-Key ${apiKey}`);
            // The key stands in that one header and nowhere else.
            secretFree(url.href, [apiKey]);
          }
        }),
        tries(150),
      );
    },
  );
});

describe('a contact', () => {
  it('keeps nothing of the credentials that MaiAgent shows beside it', inTime, async () => {
    await fc.assert(
      fc.asyncProperty(hostileJson, async (more) => {
        const body = JSON.stringify({
          ...contact,
          mcpCredentials: [more, 'sample-credential'],
          mcp_credentials: 'sample-credential',
        });
        const read = await clientOver([{ kind: 'reply', status: 200, headers: {}, body }]).api.retrieve(
          contactId,
          soon(),
        );
        expect(read.kind).toBe('done');
        secretFree(read, ['sample-credential']);
      }),
      tries(100),
    );
  });
});

describe('what the rules make of a contact', () => {
  it('is not understood, and no failure, where its queryMetadata is nested deeper than a stack is', async () => {
    const { name, phoneNumber } = desiredContact;
    const same = JSON.stringify({ id: contactId, name, phoneNumber }).slice(0, -1);
    const body = `${same},"queryMetadata":${'['.repeat(20_000)}${']'.repeat(20_000)}}`;
    const read = await clientOver([{ kind: 'reply', status: 200, headers: {}, body }]).api.retrieve(contactId, soon());
    expect(read).toEqual({ kind: 'unknown' });
  });

  it('has drifted where its queryMetadata is a text that holds as many levels', async () => {
    const queryMetadata = `{"a":${'['.repeat(20_000)}${']'.repeat(20_000)}}`;
    const body = JSON.stringify({ ...contact, name: desiredContact.name, queryMetadata });
    const read = await clientOver([{ kind: 'reply', status: 200, headers: {}, body }]).api.retrieve(contactId, soon());
    expect(read.kind === 'done' && differingFields(read.value, desiredContact)).not.toEqual([]);
  });

  it('has a hash where its queryMetadata is left out of the reply', async () => {
    const body = JSON.stringify({ id: contactId, name: 'Sample Member' });
    const read = await clientOver([{ kind: 'reply', status: 200, headers: {}, body }]).api.retrieve(contactId, soon());
    expect(read.kind === 'done' && hashOf(read.value.queryMetadata)).toHaveLength(43);
  });
});

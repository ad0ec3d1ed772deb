import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { inboxId, live, otherInboxId, useEmulator, type Json } from './platform.ts';

const path = 'contacts/broadcast-message/';

describe.skipIf(live)('POST contacts/broadcast-message/', () => {
  const bench = useEmulator();

  const reachable = async (fields: Json = {}) => {
    const id = await bench.create(fields);
    bench.emulator.store.addConversation(id, { messages: [{ content: 'Hello', type: 'incoming' }] });
    return id;
  };
  const sentTo = (id: string) =>
    bench.emulator.store
      .conversationsOf(id)
      .flatMap(({ messages }) => messages)
      .filter(({ type }) => type === 'outgoing')
      .map(({ content }) => content);

  it('writes an outgoing message into the latest conversation and answers what became of each, in snake_case', async () => {
    const id = await reachable();
    const silent = await bench.create();
    const unknown = randomUUID();
    bench.emulator.store.addConversation(id, { title: 'Latest', createdAt: Date.now() + 1000 });
    const { status, json } = await bench.api('POST', path, { message: 'Closed', contactIds: [id, silent, unknown] });
    const latest = bench.emulator.store.conversationsOf(id)[0];
    expect(latest).toMatchObject({ title: 'Latest', messages: [{ type: 'outgoing', content: 'Closed' }] });
    expect(status).toBe(200);
    expect(json).toEqual({
      results: [
        { contact_id: id, conversation_id: latest?.id, message_id: latest?.messages[0]?.id, status: 'success' },
      ],
      errors: [
        { contact_id: silent, error: 'No conversation found for this contact.' },
        { contact_id: unknown, error: 'Contact not found.' },
      ],
      total_contacts: 3,
      success_count: 1,
      error_count: 2,
    });
  });

  it('reaches everyone in an inbox, but for the excluded', async () => {
    const [first, second] = [await reachable(), await reachable()];
    const elsewhere = await reachable({ inboxes: [{ id: otherInboxId }] });
    await bench.api('POST', path, { message: 'All', inboxId });
    await bench.api('POST', path, { message: 'Some', inboxId, excludeContactIds: [second] });
    expect([first, second, elsewhere].map(sentTo)).toEqual([['All', 'Some'], ['All'], []]);
  });

  it('uses in the inbox-wide modes the conversation that is in the inbox, and no newer one elsewhere', async () => {
    const id = await reachable({ inboxes: [{ id: inboxId }, { id: otherInboxId }] });
    bench.emulator.store.addConversation(id, { inboxId: otherInboxId, createdAt: Date.now() + 1000 });
    await bench.api('POST', path, { message: 'Closed', inboxId });
    const rows = bench.emulator.store.conversations.map((row) => [row.inboxId, row.messages.at(-1)?.content]);
    expect(rows).toEqual([
      [inboxId, 'Closed'],
      [otherInboxId, undefined],
    ]);
  });

  it('reads the names of the published example as well', async () => {
    const id = await reachable();
    expect((await bench.api('POST', path, { message: 'Closed', contact_ids: [id] })).json).toMatchObject({
      success_count: 1,
    });
    const body = { message: 'Closed', inbox_id: inboxId, exclude_contact_ids: [id] };
    expect((await bench.api('POST', path, body)).json).toMatchObject({ total_contacts: 0 });
  });

  it('sends again when the same request comes again', async () => {
    const id = await reachable();
    const body = { message: 'Closed', contactIds: [id] };
    await bench.api('POST', path, body, { headers: { 'idempotency-key': 'same' } });
    await bench.api('POST', path, body, { headers: { 'idempotency-key': 'same' } });
    expect(sentTo(id)).toEqual(['Closed', 'Closed']);
  });

  it('reaches nobody who was deleted', async () => {
    const id = await reachable();
    const contact = bench.emulator.store.contact(id);
    if (contact !== undefined) contact.deletedAt = Date.now();
    const { json } = await bench.api('POST', path, { message: 'Closed', contactIds: [id] });
    expect(json).toMatchObject({ success_count: 0, errors: [{ contact_id: id, error: 'Contact not found.' }] });
  });

  it.each([undefined, '', null])('answers 400 to the message %j', async (message) => {
    const answer = await bench.api('POST', path, { message, contactIds: [await reachable()] });
    expect(answer).toMatchObject({ status: 400, json: { message: ['This field is required.'] } });
  });

  it.each([
    ['no target', {}],
    ['an empty list', { contactIds: [] }],
    ['an id that is no UUID', { contactIds: ['x'] }],
    ['an inbox that is not there', { inboxId: randomUUID() }],
  ])('answers 400 to %s', async (_name, target) => {
    expect((await bench.api('POST', path, { message: 'Closed', ...target })).status).toBe(400);
  });

  it('refuses contactIds beside inboxId, and counts both forms of it as mistakes of the client', async () => {
    const id = await reachable();
    for (const contactIds of [[id], []]) {
      expect((await bench.api('POST', path, { message: 'Closed', contactIds, inboxId })).status).toBe(400);
    }
    expect(sentTo(id)).toEqual([]);
    expect(bench.emulator.clientBugs()).toEqual({ 'contact-ids-with-inbox': 1, 'empty-contact-ids-with-inbox': 1 });
  });

  it('sends once to an id that is given twice, and counts it as a mistake of the client', async () => {
    const id = await reachable();
    const { json } = await bench.api('POST', path, { message: 'Closed', contactIds: [id, id] });
    expect(json).toMatchObject({ total_contacts: 1 });
    expect(bench.emulator.clientBugs()).toEqual({ 'duplicate-contact-ids': 1 });
  });
});

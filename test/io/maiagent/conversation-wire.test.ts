import { describe, expect, it } from 'vitest';
import { readBroadcast, readConversation } from '../../../functions/io/maiagent/conversation-wire.ts';

const id = '9a1d7c66-3c0e-4e39-8f0f-6d5b0f6c3a21';
const contactId = '0e0f6f0a-55a5-4c1b-8a55-3a3f3c6f2b11';
const otherId = '4b2d9d53-7f0e-4a0d-9a52-1b2e5d0c7712';
const messageId = 'e2f0a7c4-6d2b-4c0a-8f11-5a9b7c3d2e41';

describe('readConversation', () => {
  const camel = {
    id,
    contact: { id: contactId, name: 'Sample Member' },
    inbox: { id: otherId, channelType: 'web' },
    title: 'Paid leave',
    lastMessage: { id: messageId, type: 'outgoing', content: 'Hello', createdAt: '1767230000000' },
    isAutoReplyNow: true,
    unreadMessagesCount: 2,
    createdAt: '1767229900000',
    ipAddress: '192.0.2.10',
    ipCountryCode: 'JP',
  };

  it('reads a conversation, without the address and the country of the person', () => {
    expect(readConversation(camel)).toEqual({
      id,
      title: 'Paid leave',
      lastMessage: { id: messageId, type: 'outgoing', content: 'Hello', createdAtMs: 1_767_230_000_000 },
      unreadMessagesCount: 2,
      createdAtMs: 1_767_229_900_000,
    });
  });

  it('reads the same in snake_case, with texts for counts', () => {
    const { lastMessage, createdAt, ...rest } = camel;
    const { createdAt: at, ...message } = lastMessage;
    const snake = {
      ...rest,
      last_message: { ...message, created_at: at },
      created_at: createdAt,
      unread_messages_count: '2',
    };
    const { unreadMessagesCount: _, ...oldest } = snake;
    expect(readConversation(oldest)).toEqual(readConversation(camel));
  });

  it('needs nothing but the id', () => {
    expect(readConversation({ id, lastMessage: null })).toMatchObject({
      id,
      lastMessage: undefined,
      title: '',
      unreadMessagesCount: undefined,
    });
    for (const body of [null, [], {}, { id: 'x' }, 'text']) expect(readConversation(body)).toBeUndefined();
  });
});

describe('readBroadcast', () => {
  const sent = { contactId, conversationId: id, messageId };

  it('reads the reply in snake_case, as even the reference shows it', () => {
    const reply = {
      results: [{ contact_id: contactId, conversation_id: id, message_id: messageId, status: 'success' }],
      errors: [{ contact_id: otherId, error: 'No conversation found for this contact.' }],
      total_contacts: 2,
      success_count: 1,
      error_count: 1,
    };
    const report = {
      sent: [sent],
      failed: [{ contactId: otherId, reason: 'No conversation found for this contact.' }],
    };
    expect(readBroadcast(reply)).toEqual(report);
  });

  it('reads the same in camelCase', () => {
    expect(
      readBroadcast({ results: [{ ...sent, status: 'success' }], errors: [{ contactId: otherId, error: 'x' }] }),
    ).toEqual({
      sent: [sent],
      failed: [{ contactId: otherId, reason: 'x' }],
    });
  });

  it('needs no field at all', () => {
    expect(readBroadcast({})).toEqual({ sent: [], failed: [] });
    expect(readBroadcast({ results: [{ contact_id: contactId }], errors: null })).toEqual({
      sent: [{ contactId }],
      failed: [],
    });
  });

  it('leaves who cannot be read, or is neither sent nor failed, unknown', () => {
    const results = [
      { contact_id: contactId, status: 'queued' },
      { contact_id: 'x', status: 'success' },
      null,
      [sent],
      {},
    ];
    expect(readBroadcast({ results, errors: [{ error: 'x' }, 'x'], total_contacts: 5, success_count: 5 })).toEqual({
      sent: [],
      failed: [],
    });
  });

  it.each<unknown>([null, [], 'text', 7])('reads no report in %j', (body) => {
    expect(readBroadcast(body)).toBeUndefined();
  });
});

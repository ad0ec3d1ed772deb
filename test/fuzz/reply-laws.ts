import { expect } from 'vitest';
import type { BroadcastReport, Conversation } from '../../functions/io/maiagent/conversation-wire.ts';
import type { Message } from '../../functions/rules/broadcasts/evidence.ts';
import type { Contact, Search } from '../../functions/rules/maiagent/contact-search.ts';
import { outages } from '../../functions/rules/failure.ts';
import { outageOf } from '../../functions/rules/maiagent/outage.ts';
import type { Outcome } from '../../functions/rules/maiagent/outcome.ts';
import { inboxId } from '../io/maiagent/api-rig.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const HOUR_MS = 3_600_000;

const expectId = (id: unknown): void => expect(id).toMatch(UUID);
const expectOptionalText = (text: unknown): void => expect(['string', 'undefined']).toContain(typeof text);

/** An instant that can be shown. */
function expectInstant(ms: number | undefined): void {
  if (ms !== undefined) expect(() => new Date(ms).toISOString()).not.toThrow();
}

/** Done with a value of its type, or a failure of which the operator can be told. */
export function expectOutcome<Value>(outcome: Outcome<Value>, expectValue: (value: Value) => void): void {
  if (outcome.kind === 'done') return expectValue(outcome.value);
  expect(['refused', 'duplicate', 'unknown']).toContain(outcome.kind);
  const outage = outageOf(outcome);
  expect(Object.keys(outages)).toContain(outage.code);
  expect(outage.retryAfterMs).toBeGreaterThanOrEqual(0);
  expect(outage.retryAfterMs).toBeLessThanOrEqual(HOUR_MS);
}

export function expectContact(contact: Contact): void {
  expectId(contact.id);
  contact.inboxIds?.forEach(expectId);
  if (contact.sourceId !== null) expectOptionalText(contact.sourceId);
  expect(typeof contact.name).toBe('string');
  [contact.email, contact.phoneNumber, contact.avatar].forEach(expectOptionalText);
  for (const pair of contact.metadata) expect(pair).toEqual({ key: expect.any(String), value: expect.any(String) });
  expectInstant(contact.createdAtMs);
}

/** What was found is ours to the letter: nothing else may ever be adopted. */
export function expectSearch(search: Search): void {
  if (search.kind === 'found') {
    expectContact(search.contact);
    expect(search.contact).toMatchObject({ sourceId: 'sample-member', inboxIds: expect.arrayContaining([inboxId]) });
    search.extraIds.forEach(expectId);
    expect(search.extraIds).not.toContain(search.contact.id);
  } else if (search.kind === 'inconclusive') {
    if (search.failure) expectOutcome<never>(search.failure, () => undefined);
  } else expect(search).toEqual({ kind: 'none' });
}

export function expectMessage(message: Message): void {
  const { id, type, content, createdAtMs } = message;
  expect([typeof id, typeof type, typeof content]).toEqual(['string', 'string', 'string']);
  expectInstant(createdAtMs);
}

export function expectConversation(conversation: Conversation): void {
  const { id, title, lastMessage, unreadMessagesCount, createdAtMs } = conversation;
  expectId(id);
  expect(typeof title).toBe('string');
  if (lastMessage) expectMessage(lastMessage);
  expect(unreadMessagesCount === undefined || Number.isSafeInteger(unreadMessagesCount)).toBe(true);
  expectInstant(createdAtMs);
}

export function expectReport({ sent, failed }: BroadcastReport): void {
  for (const one of sent) Object.values(one).forEach(expectId);
  for (const { contactId, reason } of failed) {
    expectId(contactId);
    expect(typeof reason).toBe('string');
  }
}

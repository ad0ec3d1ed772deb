import { describe, expect, it } from 'vitest';
import type { Link } from '../../../functions/rules/contacts/link.ts';
import { draft } from '../../../functions/rules/contacts/link.ts';
import { nextStep, refusalFor, sendsNext } from '../../../functions/rules/contacts/next-step.ts';
import type { Change } from '../../../functions/rules/contacts/reports.ts';
import { timeVersion } from '../../../functions/rules/contacts/version.ts';
import { sampleFields } from './sample-changes.ts';
import { confirmed, rowAfter, rowFrom, samplePolicy, sampleUser } from './sample-links.ts';

const nowMs = 10_000;
const say = (kind: Change['kind'], at: number, name = 'a', roles: string[] = []): Change => ({
  source: 'a',
  kind,
  version: timeVersion(at),
  told: sampleFields(name, roles),
});
const unbound = rowFrom(say('create', 1));
const clean = confirmed(unbound);
const renamed = rowAfter(clean, say('update', 2, 'b'));

const staff = confirmed(rowFrom(say('create', 1, 'a', ['staff'])));
const disabled = rowAfter(staff, { source: 'a', kind: 'disable', version: timeVersion(2) });
const reduced = rowAfter(staff, say('update', 2));
const deleted = rowAfter(clean, { source: 'a', kind: 'delete', version: timeVersion(2) });
const leased = (link: Link, leaseUntil = nowMs + 1): Link => ({
  ...link,
  leaseOwner: 'another',
  leaseUntil,
  openRequests: 1,
  sentHash: link.desiredHash,
  sentPermissions: link.desiredPermissions,
});

describe('nextStep', () => {
  it.each<[string, Link, ReturnType<typeof nextStep>]>([
    ['answers a clean link', clean, { kind: 'answer', contactId: 'contact-1' }],
    [
      'answers a clean link while another writer sends the same',
      leased(clean),
      { kind: 'answer', contactId: 'contact-1' },
    ],
    ['sends for a user without a contact', unbound, { kind: 'send' }],
    ['waits while another writer creates the contact', leased(unbound), { kind: 'wait' }],
    ['sends after a writer whose lease is over', leased(unbound, nowMs), { kind: 'send' }],
    ['sends a new name', renamed, { kind: 'send' }],
    ['answers while another writer sends a new name', leased(renamed), { kind: 'answer', contactId: 'contact-1' }],
    ['sends reduced permissions', reduced, { kind: 'send' }],
    ['waits while another writer sends reduced permissions', leased(reduced), { kind: 'wait' }],
    [
      'refuses a disabled user, whose contact is still owed',
      disabled,
      { kind: 'refuse', code: 'user_disabled', isOutstanding: true },
    ],
    [
      'refuses a disabled user while another writer sends',
      leased(disabled),
      { kind: 'refuse', code: 'user_disabled', isOutstanding: false },
    ],
    [
      'refuses a disabled user once MaiAgent knows',
      confirmed(disabled),
      { kind: 'refuse', code: 'user_disabled', isOutstanding: false },
    ],
    [
      'refuses a disabled user without a contact',
      rowAfter(unbound, { source: 'a', kind: 'disable', version: timeVersion(2) }),
      { kind: 'refuse', code: 'user_disabled', isOutstanding: false },
    ],
    ['refuses a deleted user', deleted, { kind: 'refuse', code: 'user_deleted', isOutstanding: false }],
    [
      'refuses a visitor who has signed in since',
      { ...clean, promotedTo: 'sample-member' },
      { kind: 'refuse', code: 'visitor_promoted', isOutstanding: false },
    ],
  ])('%s', (_, link, step) => {
    expect(nextStep(link, nowMs)).toEqual(step);
  });

  it('does not answer a change back while the change itself may still arrive', () => {
    const backAgain = {
      ...clean,
      openRequests: 1,
      sentHash: 'other',
      sentPermissions: 'other',
      leaseOwner: 'another',
      leaseUntil: nowMs + 1,
    };
    expect(nextStep(backAgain, nowMs)).toEqual({ kind: 'wait' });
    expect(nextStep({ ...backAgain, leaseUntil: nowMs }, nowMs)).toEqual({ kind: 'send' });
  });
});

describe('refusalFor', () => {
  it('names the promotion of a visitor before anything else', () => {
    expect(refusalFor({ ...deleted, promotedTo: 'sample-member' })).toBe('visitor_promoted');
    expect(refusalFor(clean)).toBeUndefined();
  });
});

describe('sendsNext', () => {
  const after = (link: Link | undefined, change: Change): boolean =>
    sendsNext(link, draft(sampleUser, link, change, samplePolicy), nowMs);

  it.each<[string, boolean, Link | undefined, Change]>([
    ['takes the lease with the row of a new user', true, undefined, say('create', 1)],
    [
      'takes no lease with the row of a new user who is disabled',
      false,
      undefined,
      { ...say('create', 1), status: 'disabled' },
    ],
    [
      'takes no lease with the row of a user who was deleted before',
      false,
      undefined,
      { source: 'a', kind: 'delete', version: timeVersion(1) },
    ],
    ['takes the lease with a change of the contact', true, clean, say('update', 2, 'b')],
    ['takes no lease with a change that the contact does not show', false, clean, say('update', 2, 'a')],
    ['takes no lease while another writer has it', false, leased(clean), say('update', 2, 'b')],
    ['takes the lease of a writer whose lease is over', true, leased(clean, nowMs), say('update', 2, 'b')],
    [
      'takes the lease with the disabling of a user who has a contact',
      true,
      staff,
      { source: 'a', kind: 'disable', version: timeVersion(2) },
    ],
    [
      'takes no lease with the disabling of a user whose contact has no permission to lose',
      false,
      clean,
      { source: 'a', kind: 'disable', version: timeVersion(2) },
    ],
    [
      'takes no lease with the disabling of a user who has none',
      false,
      unbound,
      { source: 'a', kind: 'disable', version: timeVersion(2) },
    ],
    ['takes no lease with a deletion', false, clean, { source: 'a', kind: 'delete', version: timeVersion(2) }],
    ['takes the lease with the creation that begins a new life', true, confirmed(deleted), say('create', 3)],
  ])('%s', (_, sends, link, change) => {
    expect(after(link, change)).toBe(sends);
  });
});

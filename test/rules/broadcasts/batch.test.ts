import { describe, expect, it } from 'vitest';
import {
  claimed,
  givenBack,
  reported,
  settled,
  type Claim,
  type Evidence,
  type Batch,
  type Reason,
  type Recipient,
  type RecipientState,
} from '../../../functions/rules/broadcasts/batch.ts';

const claim: Claim = { id: 'claim-1', at: 1_000, until: 90_000 };
const evidence: Evidence = { messageId: 'message-1', conversationId: 'conversation-1' };
const sent = new Map([['contact-1', evidence]]);
const nobody = new Map<string, never>();

const recipient = (state: RecipientState, number = 1): Recipient => ({
  pk: `user#${number}`,
  contactId: `contact-${number}`,
  state,
  at: 500,
});

const batchOf = (...recipients: Recipient[]): Batch => ({
  pk: 'run#sample',
  sk: 'batch#0000000',
  revision: 1,
  recipients,
  dueAt: 500,
});

/** A batch whose one recipient is claimed. */
const underway = claimed(batchOf(recipient('planned')), claim);
const stateOf = ({ recipients }: Batch) => recipients.map(({ state }) => state);

describe('a claim', () => {
  it('is left alone until its request is dead', () => {
    expect(underway).toMatchObject({ claim, dueAt: claim.until });
    expect(stateOf(underway)).toEqual(['claimed']);
  });

  it('is given back by its owner alone', () => {
    expect(givenBack(underway, 'claim-2', 2_000)).toBe(underway);
    const back = givenBack(underway, claim.id, 2_000);
    expect(stateOf(back)).toEqual(['planned']);
    expect(back).toMatchObject({ dueAt: 2_000, attempts: 1 });
    expect(back).not.toHaveProperty('claim');
  });

  it('takes everybody again after an answer, though the one before it had to be smaller', () => {
    const both = claimed({ ...batchOf(recipient('planned', 1), recipient('planned', 2)), share: 1 }, claim);
    expect(stateOf(both)).toEqual(['claimed', 'planned']);
    const answered = reported(both, claim.id, sent, nobody, 2_000);
    expect(answered).not.toHaveProperty('share');
  });

  it('is settled by whoever has read this very claim', () => {
    const absent = new Map([['contact-1', 'absent' as const]]);
    expect(settled(underway, 'claim-2', absent, 2_000, undefined)).toBe(underway);
    expect(stateOf(settled(underway, claim.id, absent, 2_000, undefined))).toEqual(['failed']);
  });
});

describe('evidence of a message', () => {
  it.each(['planned', 'claimed', 'failed', 'skipped', 'cancelled', 'unknown'] as const)(
    'makes who is %s sent, whoever holds the claim by now',
    (state) => {
      const after = reported(batchOf(recipient(state)), 'a former claim', sent, nobody, 2_000);
      expect(after.recipients).toEqual([{ ...recipient('sent'), at: 2_000, ...evidence }]);
    },
  );

  it('does not replace earlier evidence', () => {
    const first = { ...recipient('sent'), messageId: 'an earlier message' };
    expect(reported(batchOf(first), claim.id, sent, nobody, 2_000).recipients).toEqual([first]);
  });
});

describe('a refusal', () => {
  const refused = new Map<string, Reason>([['contact-1', 'refused_by_maiagent']]);

  it('counts under the claim for which it was made', () => {
    expect(stateOf(reported(underway, claim.id, nobody, refused, 2_000))).toEqual(['failed']);
  });

  it('says nothing under a later claim', () => {
    expect(stateOf(reported(underway, 'a former claim', nobody, refused, 2_000))).toEqual(['claimed']);
  });

  it('leaves who is in neither list claimed', () => {
    const two = claimed(batchOf(recipient('planned'), recipient('planned', 2)), claim);
    const after = reported(two, claim.id, nobody, refused, 2_000);
    expect(stateOf(after)).toEqual(['failed', 'claimed']);
    expect(after.claim).toEqual(claim);
  });
});

describe('what was read after the request was dead', () => {
  it('is read again where it is unclear, and is unknown where there is no time left', () => {
    const again = { atMs: 5_000, looks: 1 };
    expect(settled(underway, claim.id, nobody, 2_000, again)).toMatchObject({ claim, looks: 1, dueAt: 5_000 });
    const last = settled(underway, claim.id, nobody, 2_000, undefined);
    expect(last.recipients).toMatchObject([{ state: 'unknown', reason: 'no_evidence' }]);
    for (const attribute of ['claim', 'dueAt', 'looks']) expect(last).not.toHaveProperty(attribute);
  });
});

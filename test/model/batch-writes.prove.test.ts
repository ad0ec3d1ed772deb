import { describe, expect, it } from 'vitest';
import type { Link } from '../../functions/rules/contacts/link.ts';
import * as real from '../../functions/rules/broadcasts/batch.ts';
import { broadcastModel } from './broadcast.ts';
import { explore } from './explore.ts';
import { exploredMsMax } from './explored.ts';
import { batchWrites, type Finding, type Batch, type BatchWrites } from './batch-writes.ts';
import { recorded, type Made } from './recorded.ts';

const NOW_MS = 1_000;

/** The model's batch as the code has it. */
const realBatch = ({ of, claim, share }: Batch): real.Batch => ({
  pk: 'run#sample',
  sk: 'batch#0000000',
  revision: 1,
  recipients: of.map((state, index) => ({ pk: `user#${index}`, contactId: String(index), state, at: 0 })),
  share,
  ...(claim && { claim: { id: claim.by, at: 0, until: NOW_MS } }),
  ...(of.some((state) => state === 'planned' || state === 'claimed') && { dueAt: 0 }),
});

/** The code's batch as the model sees it: who is where, whose claim it is, and whether somebody has to come back. */
const seen = ({ recipients, claim, share = recipients.length, dueAt }: real.Batch) => ({
  of: recipients.map(({ state }) => state),
  claimedBy: claim?.id ?? null,
  share,
  isDue: dueAt !== undefined,
});
const expected = ({ of, claim, share }: Batch) => ({
  of,
  claimedBy: claim?.by ?? null,
  share,
  isDue: of.some((state) => state === 'planned' || state === 'claimed'),
});

type Change<Name extends keyof BatchWrites> = Parameters<BatchWrites[Name]>[1];
const only = (findings: readonly Finding[], finding: Finding): string[] =>
  findings.flatMap((one, index) => (one === finding ? [String(index)] : []));

/** How each change of the model is made by the code. */
const realChanges: {
  readonly [Name in keyof BatchWrites]: (batch: real.Batch, change: Change<Name>) => real.Batch;
} = {
  claimed: (batch, { by }) => real.claimed(batch, { id: by, at: NOW_MS, until: 2 * NOW_MS }),
  ended: (batch, { who, as }) => {
    // A claim skips whose links it found otherwise than planned.
    const links = new Map(who.map((one) => [`user#${one}`, { accountStatus: 'disabled' } as Link]));
    if (as === 'skipped') return real.lookedAt(batch, NOW_MS, links, () => true);
    return real.ended(batch, NOW_MS, ({ contactId }) => (who.includes(Number(contactId)) ? { state: as } : undefined));
  },
  reported: (batch, { by, findings }) => {
    const sent = new Map(only(findings, 'sent').map((id) => [id, { messageId: `message-${id}` }]));
    const refusedFor = new Map(only(findings, 'failed').map((id) => [id, 'refused_by_maiagent' as const]));
    return real.reported(batch, by, sent, refusedFor, NOW_MS);
  },
  givenBack: (batch, { by, share }) => real.givenBack(batch, by, NOW_MS, share ?? undefined),
  settled: (batch, { by, findings, again }) => {
    const found = findings.map((one): real.Finding => {
      if (one === 'sent') return { messageId: 'message' };
      return one === 'absent' ? 'absent' : 'unclear';
    });
    const next = again ? { atMs: NOW_MS, looks: 1 } : undefined;
    return real.settled(batch, by, new Map(found.map((one, index) => [String(index), one])), NOW_MS, next);
  },
};

function inTheCode({ name, row, change }: Made<Batch>) {
  const make = realChanges[name as keyof BatchWrites] as (batch: real.Batch, change: unknown) => real.Batch;
  return seen(make(realBatch(row), change));
}

describe('the changes of a batch in the model', () => {
  it('are all the changes that the code has', () => {
    const inTheRules = Object.entries(real).flatMap(([name, value]) => (typeof value === 'function' ? [name] : []));
    // These only read, or say how long it is kept; `lookedAt` is how a claim ends some.
    expect([...Object.keys(batchWrites), 'lookedAt', 'nextShare', 'tally', 'kept', 'learned'].toSorted()).toEqual(
      inTheRules.toSorted(),
    );
  });

  it('do to every batch that a run meets what the code does', { timeout: exploredMsMax }, () => {
    const { writes, made } = recorded<Batch, BatchWrites>(batchWrites);
    explore(broadcastModel({ writes }));
    expect(new Set(made().map(({ name }) => name)).size).toBe(Object.keys(batchWrites).length);
    expect(made().length).toBeGreaterThan(300);
    for (const one of made())
      expect({ ...one, after: inTheCode(one) }).toEqual({ ...one, after: one.after && expected(one.after) });
  });
});

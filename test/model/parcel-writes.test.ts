import { describe, expect, it } from 'vitest';
import * as real from '../../functions/rules/broadcasts/batch.ts';
import { broadcastModel } from './broadcast.ts';
import { explore } from './explore.ts';
import { exploredMsMax } from './explored.ts';
import { parcelWrites, type Finding, type Parcel, type ParcelWrites } from './parcel-writes.ts';
import { recorded, type Made } from './recorded.ts';

const NOW_MS = 1_000;

/** The model's parcel as the code has it. */
const realParcel = ({ of, claim, share }: Parcel): real.Parcel => ({
  pk: 'run#sample',
  sk: 'parcel#0000000',
  revision: 1,
  recipients: of.map((state, index) => ({ pk: `user#${index}`, contactId: String(index), state, at: 0 })),
  share,
  ...(claim && { claim: { id: claim.by, at: 0, until: NOW_MS } }),
  ...(of.some((state) => state === 'planned' || state === 'claimed') && { dueAt: 0 }),
});

/** The code's parcel as the model sees it: who is where, whose claim it is, and whether somebody has to come back. */
const seen = ({ recipients, claim, share = recipients.length, dueAt }: real.Parcel) => ({
  of: recipients.map(({ state }) => state),
  claimedBy: claim?.id ?? null,
  share,
  isDue: dueAt !== undefined,
});
const expected = ({ of, claim, share }: Parcel) => ({
  of,
  claimedBy: claim?.by ?? null,
  share,
  isDue: of.some((state) => state === 'planned' || state === 'claimed'),
});

type Change<Name extends keyof ParcelWrites> = Parameters<ParcelWrites[Name]>[1];
const only = (findings: readonly Finding[], finding: Finding): string[] =>
  findings.flatMap((one, index) => (one === finding ? [String(index)] : []));

/** How each change of the model is made by the code. */
const realChanges: {
  readonly [Name in keyof ParcelWrites]: (parcel: real.Parcel, change: Change<Name>) => real.Parcel;
} = {
  claimed: (parcel, { by }) => real.claimed(parcel, { id: by, at: NOW_MS, until: 2 * NOW_MS }),
  ended: (parcel, { who, as }) =>
    real.ended(parcel, NOW_MS, ({ contactId }) => (who.includes(Number(contactId)) ? { state: as } : undefined)),
  reported: (parcel, { by, findings }) => {
    const sent = new Map(only(findings, 'sent').map((id) => [id, { messageId: `message-${id}` }]));
    const refusedFor = new Map(only(findings, 'failed').map((id) => [id, 'refused_by_maiagent' as const]));
    return real.reported(parcel, by, sent, refusedFor, NOW_MS);
  },
  givenBack: (parcel, { by, share }) => real.givenBack(parcel, by, NOW_MS, share ?? undefined),
  settled: (parcel, { by, findings, again }) => {
    const found = findings.map((one): real.Finding => {
      if (one === 'sent') return { messageId: 'message' };
      return one === 'absent' ? 'absent' : 'unclear';
    });
    const next = again ? { atMs: NOW_MS, looks: 1 } : undefined;
    return real.settled(parcel, by, new Map(found.map((one, index) => [String(index), one])), NOW_MS, next);
  },
};

function inTheCode({ name, row, change }: Made<Parcel>) {
  const make = realChanges[name as keyof ParcelWrites] as (parcel: real.Parcel, change: unknown) => real.Parcel;
  return seen(make(realParcel(row), change));
}

describe('the changes of a parcel in the model', () => {
  it('are all the changes that the code has', () => {
    const inTheRules = Object.entries(real).flatMap(([name, value]) => (typeof value === 'function' ? [name] : []));
    // These three only read, or say how long it is kept.
    expect([...Object.keys(parcelWrites), 'nextShare', 'tally', 'kept'].toSorted()).toEqual(inTheRules.toSorted());
  });

  it('do to every parcel that a run meets what the code does', { timeout: exploredMsMax }, () => {
    const { writes, made } = recorded<Parcel, ParcelWrites>(parcelWrites);
    explore(broadcastModel({ writes }));
    expect(new Set(made().map(({ name }) => name)).size).toBe(Object.keys(parcelWrites).length);
    expect(made().length).toBeGreaterThan(300);
    for (const one of made())
      expect({ ...one, after: inTheCode(one) }).toEqual({ ...one, after: one.after && expected(one.after) });
  });
});

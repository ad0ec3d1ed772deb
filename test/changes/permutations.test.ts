import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ChangeRig, sampleSources, event } from '../rigs/change-rig.ts';
import { startDeps, type RealDeps } from '../rigs/real-parts.ts';
import { scope, seed, share, sized } from '../scope.ts';
import { randomOf } from '../world/random.ts';

let real: RealDeps;
let rig: ChangeRig;
beforeAll(async () => {
  real = await startDeps({ settings: { sources: sampleSources } });
  rig = new ChangeRig(real);
});
afterAll(() => real.close());

interface Happening {
  readonly type: 'created' | 'updated' | 'disabled' | 'enabled' | 'deleted';
  readonly version: number;
  /** Through the webhook, or through the stream of the user table, which is another source. */
  readonly by: 'webhook' | 'table';
}

const happened = (type: Happening['type'], version: number, by: Happening['by'] = 'webhook'): Happening => ({
  type,
  version,
  by,
});

/** One in so many orders is tried, always the same ones. */
const ONE_IN = sized({ test: 32, prove: 2, long: 1 });

/** What may happen to one user, in the order in which it happened. */
const histories: Record<string, Happening[]> = {
  'created, updated, disabled, deleted, created again': [
    happened('created', 1),
    happened('updated', 2),
    happened('disabled', 3),
    happened('deleted', 4),
    happened('created', 5),
  ],
  'created, deleted, created again, disabled, enabled': [
    happened('created', 1),
    happened('deleted', 2),
    happened('created', 3),
    happened('disabled', 4),
    happened('enabled', 5),
  ],
  'a webhook and a table that tell of one user': [
    happened('created', 1),
    happened('created', 2, 'table'),
    happened('deleted', 3, 'table'),
    happened('created', 4, 'table'),
    happened('updated', 5),
  ],
  ...(scope !== 'test' && {
    'six events': [
      happened('created', 1),
      happened('updated', 2),
      happened('disabled', 3),
      happened('deleted', 4),
      happened('created', 5),
      happened('updated', 6),
    ],
  }),
};

function* orders<T>(items: readonly T[]): Iterable<T[]> {
  if (items.length === 0) yield [];
  for (const [index, item] of items.entries()) {
    for (const rest of orders(items.toSpliced(index, 1))) yield [item, ...rest];
  }
}

async function deliver(userId: string, { type, version, by }: Happening): Promise<void> {
  const fields = { name: `Name ${version}`, email: `v${version}@corp.example`, roles: ['staff'] };
  if (by === 'webhook') {
    const hasFields = type === 'created' || type === 'updated';
    await rig.webhook(event(type, userId, version, hasFields ? fields : {}), { id: `${userId}-${version}` });
    return;
  }
  const eventName = ({ created: 'INSERT', deleted: 'REMOVE' } as const)[type as 'created' | 'deleted'] ?? 'MODIFY';
  const place = { id: `${userId}-${version}`, sequence: version };
  await rig.record(eventName, { userId, version, status: 'active', ...fields }, place);
}

const isLessKnown = (end: object): boolean => JSON.stringify(end).includes('"erased"');

/** Everything that must not depend on the order: all but the generation's number and the ids. */
async function endState(userId: string) {
  const row = await rig.link(userId);
  const contacts = rig.contactsOf(userId);
  return {
    accountStatus: row?.accountStatus,
    reports: row?.reports.map((report) => ({ ...report, startedBy: undefined })),
    desired: row?.desiredHash,
    isConfirmed: row?.confirmedHash === row?.desiredHash,
    contacts: contacts.map(({ name, email, queryMetadata }) => ({ name, email, queryMetadata })),
    isBound: contacts.every(
      ({ id, sourceId }) =>
        (row?.accountStatus === 'disabled' ? true : id === row?.contactId) && sourceId === row?.sourceId,
    ),
  };
}

describe.each(Object.entries(histories))('%s', (name, history) => {
  it(
    `ends the same in whatever order it arrives, each event once or twice (${share(ONE_IN)})`,
    { timeout: 300_000 },
    async () => {
      const bound = new Map<string, string>();
      const users = [...orders(history)]
        .map((order, number) => ({ order, number, userId: `${name.replaceAll(/\W/g, '')}-${number}` }))
        .filter(({ number }) => number % ONE_IN === 0);
      for (let from = 0; from < users.length; from += 8) {
        await Promise.all(
          users.slice(from, from + 8).map(async ({ order, number, userId }) => {
            const random = randomOf(seed, number);
            for (const [index, happening] of order.entries()) {
              await deliver(userId, happening);
              if (random.isLikely(0.4)) await deliver(userId, order[random.below(index + 1)] ?? happening);
              if (random.isLikely(0.5))
                await rig.sync({ Records: [{ dynamodb: { Keys: { pk: { S: `user#${userId}` } } } }] });
              const row = await rig.link(userId);
              if (row?.contactId) bound.set(`${userId} ${row.contactId}`, `${userId} ${row.generation}`);
            }
          }),
        );
      }
      await rig.settle();
      const ends = await Promise.all(
        users.map(async ({ userId, number }) => ({ number, ...(await endState(userId)) })),
      );
      // What arrived while the user was deleted left its version alone: such an end knows less, and grants nothing by it.
      const [whole, lessKnown] = [ends.filter((one) => !isLessKnown(one)), ends.filter(isLessKnown)];
      const { number: _, ...expected } = whole[0]!;
      for (const { number, ...end } of whole) expect({ number, ...end }).toEqual({ number, ...expected });
      for (const { number, accountStatus, isConfirmed, isBound, contacts } of lessKnown)
        expect({ number, accountStatus, isConfirmed, isBound, contacts: contacts.length }).toEqual({
          number,
          accountStatus: expected.accountStatus,
          isConfirmed: true,
          isBound: true,
          contacts: 1,
        });
      // A contact belongs to one generation of one user for ever, and a generation to one contact.
      expect(new Set(bound.values()).size).toBe(bound.size);
      expect(expected).toMatchObject({ isConfirmed: true, isBound: true });
      expect(expected.contacts).toHaveLength(1);
    },
  );
});

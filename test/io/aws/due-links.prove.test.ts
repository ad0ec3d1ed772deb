import { DeleteItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';
import { DynamoDueLinks } from '../../../functions/io/aws/due-links.ts';
import { dueShard } from '../../../functions/rules/lane.ts';
import { isOutstanding } from '../../../functions/rules/contacts/link.ts';
import { TableRig, say } from './table-rig.ts';

const rig = new TableRig();

/** A link in its third life, with the contacts of two former ones still to be erased. */
async function thirdLife() {
  await rig.settled(say('create', 1));
  await rig.say(say('delete', 2));
  await rig.say(say('create', 3));
  await rig.links.bind(await rig.row(), rig.contact(2));
  await rig.say(say('delete', 4));
  await rig.say(say('create', 5));
  return rig.take();
}

/** Due links of a lane, by the number of failures that brings a link there. */
async function waiting(lane: string, attempts: number, count: number): Promise<void> {
  const at = { dueAt: { N: '1' }, reports: { L: [] } };
  for (let one = 0; one < count; one += 1) {
    const pk = `user#${lane}-${one}`;
    const Item = { pk: { S: pk }, dueShard: { S: dueShard(pk, attempts) }, ...at };
    await rig.table.client.send(new PutItemCommand({ TableName: 'Links', Item }));
  }
}

describe('due links', () => {
  it('come lane by lane in their turns, so that those who keep failing take a seventh while others wait', async () => {
    await waiting('first', 0, 40);
    await waiting('again', 1, 60);
    await waiting('last', 4, 120);
    const due = new DynamoDueLinks(rig.table.client, 'Links');
    for (const minute of [0, 1, 2, 3, 4, 5, 6]) {
      const lanes: string[] = [];
      for await (const pk of due.due(minute * 60_000 + 2)) lanes.push(/#(first|again|last)-/.exec(pk)?.[1] ?? '');
      const before = (lane: string, count: number) => lanes.slice(0, count).filter((one) => one === lane).length;
      expect([before('first', 70), before('again', 70), before('last', 70)]).toEqual([40, 20, 10]);
      // From now on the turns of the first lane are the others'.
      expect(before('again', 130)).toBe(60);
      expect([...new Set(lanes)]).toHaveLength(3);
      expect(lanes.filter((one) => one !== '')).toHaveLength(220);
    }
    expect(await due.oldestDueAt(2)).toBe(1);
    for (const lane of ['first', 'again', 'last'])
      for (let one = 0; one < 120; one += 1)
        await rig.table.client.send(
          new DeleteItemCommand({ TableName: 'Links', Key: { pk: { S: `user#${lane}-${one}` } } }),
        );
  });

  it('are reached in every lane and shard by sweeps that have time for a single link', async () => {
    await waiting('again', 1, 1);
    await waiting('last', 4, 1);
    await waiting('first', 0, 64);
    const due = new DynamoDueLinks(rig.table.client, 'Links');
    const first = new Set<string>();
    for (let minute = 0; minute < 56; minute += 1)
      for await (const pk of due.due(minute * 60_000 + 2)) {
        first.add(pk.startsWith('user#first') ? dueShard(pk) : pk);
        break;
      }
    expect(first.size).toBe(10);
  });
});

it('a link that changes again while it is due keeps its place, unless it has failed', async () => {
  const { dueAt } = await rig.say(say('create', 1, 'a'));
  rig.clock.advance(60_000);
  expect((await rig.say(say('update', 2, 'b'))).dueAt).toBe(dueAt);
  const { link, lease } = await rig.take();
  const failure = { lastError: 'sample', retryAtMs: 5, isFailure: true, everyRequestAnswered: true };
  await rig.links.giveUp(link, lease, failure);
  expect((await rig.say(say('update', 3, 'c'))).dueAt).toBe(rig.clock.now());
});

describe('unretire', () => {
  it('strikes off one former contact after the other, and then the list', async () => {
    const { link, lease } = await thirdLife();
    const [first = '', second = ''] = link.formerContacts ?? [];
    expect(link.formerContacts).toHaveLength(2);
    const once = await rig.strike(link, lease, first);
    expect(once).toMatchObject({ changed: { formerContacts: [second] } });
    if (once === 'superseded') throw new Error('lost');
    expect(await rig.strike(once.changed, lease, second)).toHaveProperty('changed');
    expect(await rig.row()).not.toHaveProperty('formerContacts');
  });

  it('is lost when another life has ended since, and for a former owner of the lease', async () => {
    const { link, lease } = await thirdLife();
    await rig.say(say('delete', 6));
    await rig.say(say('create', 7));
    expect(await rig.strike(link, lease, link.formerContacts?.[0] ?? '')).toBe('superseded');
    expect(await rig.strike(await rig.row(), rig.lease(), 'x')).toBe('superseded');
    expect((await rig.row()).formerContacts).toHaveLength(3);
  });
});

describe('lost', () => {
  it('starts the next generation without a contact, due at once, and ends the lease', async () => {
    await rig.settled(say('create', 1));
    const { link, lease } = await rig.take();
    await rig.links.replaceMissingContact(link, lease, 'next-source-id');
    const row = await rig.row();
    expect(row).toMatchObject({ generation: link.generation + 1, sourceId: 'next-source-id', wake: 'now' });
    for (const attribute of ['contactId', 'confirmedHash', 'leaseOwner', 'openRequests'])
      expect(row).not.toHaveProperty(attribute);
  });

  it('changes nothing for a former owner, nor after another life has begun', async () => {
    await rig.settled(say('create', 1));
    const { link, lease } = await rig.take();
    await rig.links.replaceMissingContact(link, rig.lease(), 'x');
    expect(await rig.row()).toMatchObject({ generation: link.generation, contactId: link.contactId });
    await rig.say(say('delete', 2));
    await rig.say(say('create', 3));
    await rig.links.replaceMissingContact(link, lease, 'x');
    expect(await rig.row()).toMatchObject({ generation: link.generation + 1 });
  });
});

describe('drifted', () => {
  it('makes a clean link owed, without its permissions', async () => {
    const clean = await rig.settled(say('create', 1));
    expect(isOutstanding(clean)).toBe(false);
    expect(await rig.links.drifted(clean)).toBe(true);
    const row = await rig.row();
    expect([isOutstanding(row), row.confirmedPermissions, row.dueShard]).toEqual([true, undefined, 'losses']);
  });

  it('changes nothing when somebody has said, confirmed or begun something since', async () => {
    const clean = await rig.settled(say('create', 1));
    await rig.take();
    expect(await rig.links.drifted(clean)).toBe(false);
    await rig.say(say('update', 2, 'b'));
    expect(await rig.links.drifted(clean)).toBe(false);
    expect(await rig.links.drifted({ ...(await rig.row()), confirmedHash: 'another' })).toBe(false);
  });
});

describe('rest', () => {
  it('takes a link off the due list that came back to what was confirmed', async () => {
    await rig.settled(say('create', 1, 'a'));
    await rig.say(say('update', 2, 'b'));
    const back = await rig.say(say('update', 3, 'a'));
    expect([isOutstanding(back), back.dueAt]).toEqual([false, expect.any(Number)]);
    await rig.links.clearDue(back);
    const row = await rig.row();
    for (const attribute of ['dueAt', 'dueShard', 'wake']) expect(row).not.toHaveProperty(attribute);
  });

  it('leaves a link due when something was wanted, found or ended since', async () => {
    const clean = await rig.settled(say('create', 1, 'a'));
    await rig.say(say('update', 2, 'b'));
    await rig.links.clearDue(clean);
    expect(await rig.row()).toHaveProperty('dueAt');
    const back = await rig.say(say('update', 3, 'a'));
    await rig.links.drifted(back);
    await rig.links.clearDue(back);
    expect(await rig.row()).toHaveProperty('dueAt');
  });
});

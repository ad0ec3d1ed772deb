import { randomUUID } from 'node:crypto';
import { DeleteItemCommand } from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';
import { isClean } from '../../../functions/rules/contacts/link.ts';
import { outstanding, say, sentOf, TableRig } from './table-rig.ts';

const rig = new TableRig();

describe('want', () => {
  it('writes the row of a new user, due at once where nobody has the lease', async () => {
    const row = await rig.say(say('create', 1));
    expect(row).toMatchObject({
      accountStatus: 'active',
      generation: 1,
      revision: 1,
      dueShard: expect.stringMatching(/^[0-7]$/),
    });
    expect(row.dueAt).toBeLessThanOrEqual(rig.clock.now());
    expect(await rig.row()).toEqual(row);
  });

  it('takes the lease along, and is due again when the lease is over', async () => {
    const lease = rig.lease();
    const row = await rig.say(say('create', 1), lease);
    expect(row).toMatchObject({
      leaseOwner: lease.owner,
      leaseUntil: lease.untilMs,
      openRequests: 1,
      sentHash: row.desiredHash,
      sentPermissions: row.desiredPermissions,
      dueAt: lease.untilMs,
    });
  });

  it('marks nothing due where a clean contact need not change', async () => {
    await rig.settled();
    expect(await rig.say(say('update', 2, 'a'))).not.toHaveProperty('dueShard');
  });

  it('gives a user back as the row is read, with every text as it was', async () => {
    const name = '名 𝄞 "quoted" \\ \u200b';
    const row = await rig.say(say('create', 1, name));
    expect(rig.draft(await rig.row(), say('create', 1, name)).isNews).toBe(false);
    expect(row.reports[0]?.fields?.[0]?.told['name']).toBe(name);
  });

  it('finds its own row when it is sent again because its acknowledgement was lost', async () => {
    const [mark, draft] = [randomUUID(), rig.draft(undefined, say('create', 1))];
    await rig.links.writeDesired(rig.pk, undefined, draft, mark);
    expect(await rig.links.writeDesired(rig.pk, undefined, draft, mark)).toMatchObject({
      written: { revision: 1, revisedBy: mark },
    });
  });

  it('keeps its lease when it is sent again because its acknowledgement was lost', async () => {
    const [lease, draft] = [rig.lease(), rig.draft(undefined, say('create', 1))];
    await rig.links.writeDesired(rig.pk, undefined, draft, lease.owner, lease);
    const again = await rig.links.writeDesired(rig.pk, undefined, draft, lease.owner, lease);
    expect(again).toMatchObject({ written: { leaseOwner: lease.owner } });
  });
});

describe('races of want', () => {
  it('lets one of two writers create the row, and shows it to the other', async () => {
    const [first, second] = await Promise.all(
      ['a', 'b'].map((name) =>
        rig.links.writeDesired(rig.pk, undefined, rig.draft(undefined, say('create', 1, name)), randomUUID()),
      ),
    );
    const outcomes = [first, second].map((one) => ('written' in (one ?? {}) ? 'written' : 'conflict'));
    expect(outcomes.toSorted()).toEqual(['conflict', 'written']);
    expect(await rig.row()).toMatchObject({ revision: 1 });
  });

  it('lets one of many writers change a revision, so that every change is heard', async () => {
    const read = await rig.say(say('create', 1));
    const tries = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        rig.links.writeDesired(rig.pk, read, rig.draft(read, say('update', 2 + index, `name ${index}`)), randomUUID()),
      ),
    );
    expect(tries.filter((one) => 'written' in one)).toHaveLength(1);
    const row = await rig.row();
    expect(row.revision).toBe(2);
    expect(tries.every((one) => 'written' in one || one.conflict?.revision === 2)).toBe(true);
  });

  it('takes no lease that another writer has taken since the row was read', async () => {
    const read = await rig.settled();
    const other = await rig.take();
    const lease = rig.lease();
    const wrote = await rig.links.writeDesired(
      rig.pk,
      read,
      rig.draft(read, say('update', 2, 'b')),
      lease.owner,
      lease,
    );
    expect(wrote).toMatchObject({ conflict: { leaseOwner: other.lease.owner, revision: read.revision } });
  });

  it('begins no new life over a contact that was bound since the row was read', async () => {
    await rig.say(say('create', 1));
    const read = await rig.say(say('create', 3));
    expect(await rig.links.bind(read, rig.contact(1))).toBe('bound');
    const late = rig.draft(read, say('delete', 2));
    expect(late.generation).toBe(2);
    expect(await rig.links.writeDesired(rig.pk, read, late, randomUUID())).toMatchObject({
      conflict: { contactId: rig.contact(1) },
    });
    const again = await rig.say(say('delete', 2));
    expect(again).toMatchObject({ generation: 2, formerContacts: [rig.contact(1)] });
    expect(again).not.toHaveProperty('contactId');
  });

  it('retires the very contact that the row has when the new life begins', async () => {
    const read = await rig.settled();
    await rig.say(say('delete', 2));
    const ended = await rig.row();
    await rig.setByHand('contactId', 'contact-by-hand');
    const back = rig.draft(ended, say('create', 3));
    expect(await rig.links.writeDesired(rig.pk, ended, back, randomUUID())).toMatchObject({
      conflict: { contactId: 'contact-by-hand' },
    });
    expect(await rig.say(say('create', 3))).toMatchObject({ formerContacts: ['contact-by-hand'] });
    expect(read.contactId).not.toBe('contact-by-hand');
  });

  it('leaves nothing of the former life confirmed', async () => {
    await rig.settled();
    await rig.say(say('delete', 2));
    const back = await rig.say(say('create', 3));
    for (const name of ['contactId', 'confirmedHash', 'confirmedPermissions', 'confirmedAt'])
      expect(back).not.toHaveProperty(name);
    expect(back).toMatchObject({ generation: 2, dueShard: expect.any(String) });
  });

  it('gives way to a row that was taken away by hand', async () => {
    const read = await rig.say(say('create', 1));
    await rig.table.client.send(new DeleteItemCommand({ TableName: 'Links', Key: { pk: { S: rig.pk } } }));
    expect(await rig.links.writeDesired(rig.pk, read, rig.draft(read, say('update', 2)), randomUUID())).toEqual({
      conflict: undefined,
    });
    expect(await rig.links.acquire(read, rig.lease())).toEqual({ conflict: undefined });
    expect(await rig.links.read(rig.pk)).toBeUndefined();
  });
});

describe('a change and the change back', () => {
  it('is not clean while the request that carries the change may be under way', async () => {
    await rig.settled(say('create', 1, 'a'));
    await rig.say(say('update', 2, 'b'), rig.lease());
    const back = await rig.say(say('update', 3, 'a'));
    expect(back.confirmedHash).toBe(back.desiredHash);
    expect(isClean(back)).toBe(false);
    expect(back).toHaveProperty('dueShard');
  });

  it('stays due when the change is confirmed between the read and the write of the change back', async () => {
    await rig.settled(say('create', 1, 'a'));
    const lease = rig.lease();
    const changed = await rig.say(say('update', 2, 'b'), lease);
    expect(await rig.links.confirm(changed, lease, sentOf(changed))).toHaveProperty('clean');
    const wrote = await rig.links.writeDesired(
      rig.pk,
      changed,
      rig.draft(changed, say('update', 3, 'a')),
      randomUUID(),
    );
    expect(wrote).toMatchObject({ written: { dueShard: expect.any(String), dueAt: expect.any(Number) } });
    expect(isClean(await rig.row())).toBe(false);
  });

  it('is not clean after a lease that ended with a request unanswered', async () => {
    await rig.settled(say('create', 1, 'a'));
    const lease = rig.lease();
    const changed = await rig.say(say('update', 2, 'b'), lease);
    await rig.links.giveUp(changed, lease, outstanding(false));
    rig.expire();
    expect(isClean(await rig.say(say('update', 3, 'a')))).toBe(false);
  });
});

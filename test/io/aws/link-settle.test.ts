import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { hasItsPermissions, isClean } from '../../../functions/rules/contacts/link.ts';
import { linkKey } from '../../../functions/rules/contacts/subject.ts';
import { outstanding, say, sentOf, TableRig } from './table-rig.ts';

const rig = new TableRig();
const leaseNames = ['leaseOwner', 'leaseUntil', 'openRequests', 'sentHash', 'sentPermissions'];

describe('bind', () => {
  it('binds a contact and says nothing of what it has', async () => {
    const link = await rig.say(say('create', 1));
    expect(await rig.links.bind(link, rig.contact(1))).toBe('bound');
    const row = await rig.row();
    expect(row.contactId).toBe(rig.contact(1));
    expect([isClean(row), hasItsPermissions(row)]).toEqual([false, false]);
    expect(row).toHaveProperty('dueShard');
  });

  it('records the permissions that the contact was seen to have', async () => {
    const link = await rig.say(say('create', 1));
    await rig.links.bind(link, rig.contact(1), link.desiredPermissions);
    const row = await rig.row();
    expect([isClean(row), hasItsPermissions(row)]).toEqual([false, true]);
  });

  it('keeps the first contact when many are bound at once, and names it to the others', async () => {
    const link = await rig.say(say('create', 1));
    const ids = Array.from({ length: 10 }, (): string => randomUUID());
    const outcomes = await Promise.all(ids.map((id) => rig.links.bind(link, id)));
    const { contactId } = await rig.row();
    expect(outcomes.filter((one) => one === 'bound')).toHaveLength(1);
    expect(outcomes[ids.indexOf(contactId ?? '')]).toBe('bound');
    expect(outcomes.every((one) => one === 'bound' || (typeof one === 'object' && one.takenBy === contactId))).toBe(
      true,
    );
  });

  it('is bound where the same contact is bound already', async () => {
    const link = await rig.say(say('create', 1));
    await rig.links.bind(link, rig.contact(1));
    expect(await rig.links.bind(link, rig.contact(1))).toBe('bound');
  });

  it.each(['disable', 'delete'] as const)('binds nothing after a %s', async (kind) => {
    const link = await rig.say(say('create', 1));
    await rig.say(say(kind, 2));
    expect(await rig.links.bind(link, rig.contact(1))).toBe('ended');
    expect(await rig.row()).not.toHaveProperty('contactId');
  });

  it('binds nothing of a former life to the present one', async () => {
    const link = await rig.say(say('create', 1));
    await rig.say(say('delete', 2));
    await rig.say(say('create', 3));
    expect(await rig.links.bind(link, rig.contact(1))).toBe('ended');
    expect(await rig.row()).not.toHaveProperty('contactId');
  });

  it('does not call a contact of a former life bound', async () => {
    const first = await rig.settled();
    await rig.say(say('delete', 2));
    await rig.say(say('create', 3));
    expect(await rig.links.bind(first, first.contactId ?? '')).toBe('ended');
  });
});

describe('bindCreated', () => {
  it('binds, confirms and ends the lease in one write', async () => {
    const lease = rig.lease();
    const link = await rig.say(say('create', 1), lease);
    const bound = await rig.links.bindCreated(link, lease, rig.contact(1), sentOf(link));
    const row = await rig.row();
    expect(bound).toEqual({ bound: row });
    expect([row.contactId, isClean(row), row.settledBy]).toEqual([rig.contact(1), true, lease.owner]);
    for (const name of [...leaseNames, 'dueShard', 'dueAt']) expect(row).not.toHaveProperty(name);
  });

  it('finds its own contact when it is sent again because its acknowledgement was lost', async () => {
    const lease = rig.lease();
    const link = await rig.say(say('create', 1), lease);
    await rig.links.bindCreated(link, lease, rig.contact(1), sentOf(link));
    expect(await rig.links.bindCreated(link, lease, rig.contact(1), sentOf(link))).toMatchObject({
      bound: { contactId: rig.contact(1) },
    });
  });

  it('finds its own contact though something newer is wanted by the time that it is sent again', async () => {
    const lease = rig.lease();
    const link = await rig.say(say('create', 1), lease);
    await rig.links.bindCreated(link, lease, rig.contact(1), sentOf(link));
    await rig.say(say('update', 2, 'b'), rig.lease());
    const again = await rig.links.bindCreated(link, lease, rig.contact(1), sentOf(link));
    expect(again).toMatchObject({ bound: { contactId: rig.contact(1), desired: { name: 'b' } } });
  });

  it('is lost where another contact was bound first', async () => {
    const lease = rig.lease();
    const link = await rig.say(say('create', 1), lease);
    await rig.links.bind(link, rig.contact(1));
    expect(await rig.links.bindCreated(link, lease, rig.contact(2), sentOf(link))).toBe('superseded');
    expect(await rig.row()).toMatchObject({ contactId: rig.contact(1), leaseOwner: lease.owner });
  });

  it('is lost where something newer is wanted, which must stay due', async () => {
    const lease = rig.lease();
    const link = await rig.say(say('create', 1), lease);
    await rig.say(say('update', 2, 'b'));
    expect(await rig.links.bindCreated(link, lease, rig.contact(1), sentOf(link))).toBe('superseded');
    expect(await rig.row()).toHaveProperty('dueShard');
  });

  it('is lost for a former owner of the lease, though the row wants the same', async () => {
    const lease = rig.lease();
    const link = await rig.say(say('create', 1), lease);
    rig.expire();
    const present = await rig.take();
    expect(await rig.links.bindCreated(link, lease, rig.contact(1), sentOf(link))).toBe('superseded');
    expect(await rig.row()).toEqual(present.link);
  });

  it.each(['disable', 'delete'] as const)('is lost after a %s that changes nothing of what is wanted', async (kind) => {
    const lease = rig.lease();
    const nameless = say('create', 1, '');
    const link = await rig.say(nameless, lease);
    const ended = await rig.say(say(kind, 2));
    expect(ended.desiredHash).toBe(link.desiredHash);
    expect(await rig.links.bindCreated(link, lease, rig.contact(1), sentOf(link))).toBe('superseded');
    expect(await rig.row()).not.toHaveProperty('contactId');
  });

  it('is lost in the next life, though the same is wanted there', async () => {
    const lease = rig.lease();
    const link = await rig.say(say('create', 1), lease);
    await rig.say(say('delete', 2));
    expect((await rig.say(say('create', 3))).desiredHash).toBe(link.desiredHash);
    expect(await rig.links.bindCreated(link, lease, rig.contact(1), sentOf(link))).toBe('superseded');
    expect(await rig.row()).not.toHaveProperty('contactId');
  });
});

describe('confirm', () => {
  it('makes the row clean and ends the lease', async () => {
    await rig.settled();
    const lease = rig.lease();
    const link = await rig.say(say('update', 2, 'b'), lease);
    const confirmed = await rig.links.confirm(link, lease, sentOf(link));
    const row = await rig.row();
    expect(confirmed).toEqual({ clean: row });
    expect(isClean(row)).toBe(true);
    for (const name of [...leaseNames, 'dueShard', 'dueAt']) expect(row).not.toHaveProperty(name);
  });

  it('records what was acknowledged and stays due where something newer is wanted by now', async () => {
    await rig.settled();
    const lease = rig.lease();
    const link = await rig.say(say('update', 2, 'b'), lease);
    const newer = await rig.say(say('update', 3, 'c'));
    const outcome = await rig.links.confirm(link, lease, sentOf(link));
    const row = await rig.row();
    expect(outcome).toEqual({ outdated: row });
    expect(row).toMatchObject({
      confirmedHash: link.desiredHash,
      desiredHash: newer.desiredHash,
      dueShard: expect.any(String),
    });
    expect(row.dueAt).toBeLessThanOrEqual(rig.clock.now());
    expect(row).not.toHaveProperty('leaseOwner');
  });

  it('of somebody who lived does not confirm the erasure, even where the same is desired', async () => {
    await rig.settled();
    const { link, lease } = await rig.take();
    const { desiredHash: hash } = await rig.say(say('delete', 2));
    expect(await rig.links.confirm(link, lease, { ...sentOf(link), hash })).toHaveProperty('outdated');
    const row = await rig.row();
    expect([isClean(row), row.leaseOwner, typeof row.dueShard]).toEqual([false, undefined, 'string']);
  });

  it('keeps the lease where a request before it was not answered', async () => {
    await rig.settled();
    const { link, lease } = await rig.take();
    expect(await rig.links.confirm(link, lease, sentOf(link, false))).toMatchObject({
      clean: { leaseOwner: lease.owner, openRequests: 1 },
    });
  });

  it('finds its own confirmation when it is sent again because its acknowledgement was lost', async () => {
    await rig.settled();
    const { link, lease } = await rig.take();
    await rig.links.confirm(link, lease, sentOf(link));
    expect(await rig.links.confirm(link, lease, sentOf(link))).toHaveProperty('clean');
    await rig.say(say('update', 2, 'b'), rig.lease());
    expect(await rig.links.confirm(link, lease, sentOf(link))).toHaveProperty('outdated');
  });

  it('is lost for a former owner, and leaves the lease with the present one', async () => {
    await rig.settled();
    const former = await rig.take();
    rig.expire();
    const present = await rig.take();
    expect(await rig.links.confirm(former.link, former.lease, sentOf(former.link))).toBe('superseded');
    expect(await rig.row()).toEqual(present.link);
  });

  it('is lost for a former owner too where something newer is wanted by now', async () => {
    await rig.settled();
    const former = await rig.take();
    rig.expire();
    await rig.say(say('update', 2, 'b'));
    const present = await rig.take();
    expect(await rig.links.confirm(former.link, former.lease, sentOf(former.link))).toBe('superseded');
    expect(await rig.row()).toEqual(present.link);
  });

  it.each([
    ['wants the same', 'a'],
    ['wants something else', 'b'],
  ])('confirms nothing of the next life, which %s, and gives the lease back', async (_, name) => {
    const first = await rig.settled(say('create', 1, 'a'));
    const { link, lease } = await rig.take();
    await rig.say(say('delete', 2));
    const next = await rig.say(say('create', 3, name));
    expect(await rig.links.confirm(link, lease, sentOf(link))).toHaveProperty('outdated');
    const row = await rig.row();
    expect(row).toMatchObject({
      generation: 2,
      desiredHash: next.desiredHash,
      formerContacts: [first.contactId],
      dueShard: expect.any(String),
    });
    for (const attribute of ['confirmedHash', 'confirmedPermissions', 'leaseOwner'])
      expect(row).not.toHaveProperty(attribute);
  });

  it('is lost for an owner who gave up and whose lease is over', async () => {
    await rig.settled();
    const former = await rig.take();
    await rig.links.giveUp(former.link, former.lease, outstanding());
    const present = await rig.take();
    await rig.links.giveUp(present.link, present.lease, outstanding());
    expect(await rig.links.confirm(former.link, former.lease, sentOf(former.link))).toBe('superseded');
  });
});

/** A user, and then a visitor, whose row it is from then on. */
async function memberOf() {
  const member = { kind: 'user', userId: randomUUID() } as const;
  rig.subject = member;
  await rig.say(say('create', 1));
  return member;
}
async function visitor() {
  const visitorId = randomUUID();
  rig.subject = { kind: 'visitor', visitorId };
  await rig.say(say('update', 1));
  return { visitorId };
}
async function visitorOfMember() {
  const member = await memberOf();
  const { visitorId } = await visitor();
  await rig.links.promote(visitorId, member.userId);
  return { member, visitorId };
}

describe('promote', () => {
  it('says once which user the visitor became', async () => {
    const { member, visitorId } = await visitorOfMember();
    await rig.links.promote(visitorId, 'another');
    expect((await rig.row()).promotedTo).toBe(member.userId);
    expect(await rig.links.read(linkKey(member))).toMatchObject({ visitors: [visitorId] });
  });

  it('makes no row of a visitor that there is not', async () => {
    const { userId } = await memberOf();
    await rig.links.promote('nobody', userId);
    expect(await rig.links.read('visitor#nobody')).toBeUndefined();
    expect(await rig.row()).not.toHaveProperty('visitors');
  });

  it('makes no row of a user that there is not, and writes nothing', async () => {
    const { visitorId } = await visitor();
    const read = await rig.row();
    expect(await rig.links.promote(visitorId, 'nobody')).toBe(false);
    expect(await rig.links.read('user#nobody')).toBeUndefined();
    expect(await rig.row()).toEqual(read);
  });

  it('of somebody who was deleted meanwhile begins the erasure anew', async () => {
    const member = await memberOf();
    await rig.say(say('delete', 2));
    rig.clock.advance(1_000);
    const { visitorId } = await visitor();
    await rig.links.promote(visitorId, member.userId);
    const erasing = rig.clock.now();
    expect(await rig.links.read(linkKey(member))).toMatchObject({ visitors: [visitorId], erasing, wake: 'now' });
  });
});

describe('spendVisitor', () => {
  it('never passes its budget, however many ask at once', async () => {
    const hour = randomUUID();
    const spent = await Promise.all(Array.from({ length: 50 }, () => rig.links.spendVisitor(hour, 20)));
    expect(spent.filter(Boolean)).toHaveLength(20);
    expect(await rig.links.spendVisitor(hour, 20)).toBe(false);
    expect(await rig.links.spendVisitor(hour, 21)).toBe(true);
  });

  it('lets nobody in where the budget is nothing', async () => {
    expect(await rig.links.spendVisitor(randomUUID(), 0)).toBe(false);
  });

  it('counts every hour by itself, in a row that expires two hours later', async () => {
    const hour = randomUUID();
    expect(await rig.links.spendVisitor(hour, 1)).toBe(true);
    expect(await rig.links.spendVisitor(randomUUID(), 1)).toBe(true);
    const row = (await rig.table.rows()).find(({ pk }) => pk === `visitors#${hour}`);
    expect(row).toMatchObject({ created: 1, expiresAt: Math.floor(rig.clock.now() / 1000) + 7200 });
  });
});

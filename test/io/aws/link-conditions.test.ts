import { describe, expect, it } from 'vitest';
import { outstanding, say, sentOf, TableRig } from './table-rig.ts';

/** Where two parts of a condition mostly hold or fail together, each of them decides here by itself. */
const rig = new TableRig();

/** A link in its second life, under a lease that was taken in the first, with nothing left to be erased. */
async function secondLifeUnderFormerLease() {
  const first = await rig.settled(say('create', 1));
  const { link, lease } = await rig.take();
  await rig.say(say('delete', 2));
  const next = await rig.say(say('create', 3));
  expect(await rig.strike(next, lease, first.contactId ?? '')).toHaveProperty('changed');
  return { former: link, lease };
}

describe('bindCreated', () => {
  it('is lost in the next life, though nothing of the former one is left to be erased', async () => {
    const lease = rig.lease();
    const former = await rig.say(say('create', 1), lease);
    await rig.say(say('delete', 2));
    const next = await rig.say(say('create', 3));
    expect(await rig.strike(next, lease, next.formerContacts?.[0] ?? '')).toHaveProperty('changed');
    expect(await rig.links.bindCreated(former, lease, rig.contact(1), sentOf(former))).toBe('superseded');
    expect(await rig.row()).not.toHaveProperty('contactId');
  });

  it('is lost while a former contact is still to be erased, which must stay due', async () => {
    await rig.settled(say('create', 1));
    await rig.say(say('delete', 2));
    const lease = rig.lease();
    const next = await rig.say(say('create', 3), lease);
    expect(await rig.links.bindCreated(next, lease, rig.contact(2), sentOf(next))).toBe('superseded');
    expect(await rig.row()).toHaveProperty('dueAt');
  });
});

describe('confirm', () => {
  it('leaves a link due while a former contact is still to be erased', async () => {
    const first = await rig.settled(say('create', 1));
    await rig.say(say('delete', 2));
    await rig.links.bind(await rig.say(say('create', 3)), rig.contact(2));
    const { link, lease } = await rig.take();
    expect(await rig.links.confirm(link, lease, sentOf(link))).toHaveProperty('clean');
    expect(await rig.row()).toMatchObject({
      formerContacts: [first.contactId],
      dueAt: expect.any(Number),
      wake: 'now',
    });
  });

  it('confirms nothing of the next life, though nothing of the former one is left to be erased', async () => {
    const { former, lease } = await secondLifeUnderFormerLease();
    expect(await rig.links.confirm(former, lease, sentOf(former))).toHaveProperty('outdated');
    expect(await rig.row()).not.toHaveProperty('confirmedHash');
  });

  it('confirms nothing of a contact that was bound since none was known, and leaves it due', async () => {
    await rig.say(say('create', 1));
    const { link, lease } = await rig.take();
    await rig.links.bind(link, rig.contact(1));
    expect(await rig.links.confirm(link, lease, sentOf(link))).toHaveProperty('outdated');
    const row = await rig.row();
    expect([row.confirmedHash, row.leaseOwner, typeof row.dueAt]).toEqual([undefined, undefined, 'number']);
  });

  it('confirms nothing of another contact than the one that was known', async () => {
    const { confirmedHash } = await rig.settled();
    await rig.say(say('update', 2, 'b'));
    const { link, lease } = await rig.take();
    await rig.setByHand('contactId', 'another-contact');
    expect(await rig.links.confirm(link, lease, sentOf(link))).toHaveProperty('outdated');
    expect(await rig.row()).toMatchObject({ confirmedHash, dueAt: expect.any(Number) });
  });
});

describe('lost', () => {
  it('changes nothing where another contact is bound by now', async () => {
    await rig.settled();
    const { link, lease } = await rig.take();
    await rig.setByHand('contactId', 'another-contact');
    await rig.links.replaceMissingContact(link, lease, 'x');
    expect(await rig.row()).toMatchObject({ generation: link.generation, contactId: 'another-contact' });
  });

  it('changes nothing in the next life, though the same contact is bound there', async () => {
    const { former, lease } = await secondLifeUnderFormerLease();
    await rig.setByHand('contactId', former.contactId ?? '');
    await rig.links.replaceMissingContact(former, lease, 'x');
    expect(await rig.row()).toMatchObject({ generation: former.generation + 1, contactId: former.contactId });
  });
});

describe('drifted', () => {
  it('changes nothing when something was wanted since', async () => {
    const clean = await rig.settled(say('create', 1, 'a'));
    const next = await rig.say(say('update', 2, 'b'));
    expect(await rig.links.drifted(clean)).toBe(false);
    expect(await rig.row()).toEqual(next);
  });

  it('changes nothing when something was confirmed since', async () => {
    await rig.settled(say('create', 1, 'a'));
    const read = await rig.say(say('update', 2, 'b'));
    const { link, lease } = await rig.take();
    await rig.links.confirm(link, lease, sentOf(link));
    expect(await rig.links.drifted(read)).toBe(false);
    expect(await rig.row()).toMatchObject({ confirmedHash: link.desiredHash });
  });

  it('makes a link owed whose lease was left behind, once that is over', async () => {
    const clean = await rig.settled();
    const { link, lease } = await rig.take();
    await rig.links.giveUp(link, lease, outstanding(false));
    expect(await rig.links.drifted(clean)).toBe(false);
    rig.expire();
    expect(await rig.links.drifted(clean)).toBe(true);
  });
});

describe('rest', () => {
  it('leaves a link due while a former contact is still to be erased', async () => {
    await rig.settled(say('create', 1));
    await rig.say(say('delete', 2));
    await rig.links.bind(await rig.say(say('create', 3)), rig.contact(2));
    const { link, lease } = await rig.take();
    await rig.links.confirm(link, lease, sentOf(link));
    await rig.links.clearDue(await rig.row());
    expect(await rig.row()).toHaveProperty('dueAt');
  });
});

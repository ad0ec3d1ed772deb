import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { leaseMs, say, sentOf, TableRig } from './table-rig.ts';

const rig = new TableRig();

/** Another user's link in the same table, with a lease of its own. */
async function neighbour() {
  const { subject } = rig;
  rig.subject = { kind: 'user', userId: randomUUID() };
  const link = await rig.say(say('create', 1));
  rig.subject = subject;
  return link;
}

/** A link with a lease, as one that has just sent a create. */
async function creating() {
  const lease = rig.lease();
  return { link: await rig.say(say('create', 1), lease), lease };
}

describe('a contact that another link holds', () => {
  it('is bound to nobody else, by whichever write', async () => {
    const contact = rig.contact(1);
    expect(await rig.links.bind(await neighbour(), contact)).toBe('bound');
    const { link, lease } = await creating();
    expect(await rig.links.bind(link, contact)).toBe('held');
    expect(await rig.links.bindCreated(link, lease, contact, sentOf(link))).toBe('held');
    expect(await rig.row()).toEqual(link);
  });

  it('stays with one of two links that bind it at the same moment', async () => {
    const contact = rig.contact(1);
    const { link, lease } = await creating();
    const other = await neighbour();
    const [mine, theirs] = await Promise.all([
      rig.links.bindCreated(link, lease, contact, sentOf(link)),
      rig.links.bind(other, contact),
    ]);
    const bound = [await rig.row(), await rig.links.read(other.pk)].filter((row) => row?.contactId === contact);
    expect(bound).toHaveLength(1);
    expect([typeof mine === 'object', theirs === 'bound'].filter(Boolean)).toHaveLength(1);
    expect([mine, theirs]).toContain('held');
  });

  it('stays with the other link when that link has a new generation, and when its user is deleted', async () => {
    const former = await rig.settled();
    const contact = former.contactId ?? '';
    const other = await neighbour();
    await rig.say(say('delete', 2));
    expect(await rig.links.bind(other, contact)).toBe('held');
    const next = await rig.say(say('create', 3));
    expect(await rig.links.bind(other, contact)).toBe('held');
    expect(await rig.links.bind(next, contact)).toBe('held');
    expect(await rig.row()).not.toHaveProperty('contactId');
  });

  it('is said to be held, and not that the other contact was bound first, where both are true', async () => {
    const contact = rig.contact(1);
    await rig.links.bind(await neighbour(), contact);
    const { link } = await creating();
    await rig.links.bind(link, rig.contact(2));
    expect(await rig.links.bind(link, contact)).toBe('held');
  });

  it('cannot be held to be erased or emptied', async () => {
    const contact = rig.contact(1);
    await rig.links.bind(await neighbour(), contact);
    const { link } = await creating();
    expect(await rig.links.hold(link, contact, 'erase')).toBe(false);
    expect(await rig.links.hold(link, contact, 'empty')).toBe(false);
  });
});

describe('a contact that nobody holds', () => {
  it('can be bound in the same generation after it was held to be emptied', async () => {
    const { link } = await creating();
    expect(await rig.links.hold(link, rig.contact(1), 'empty')).toBe(true);
    expect(await rig.links.bind(await neighbour(), rig.contact(1))).toBe('held');
    expect(await rig.links.bind(link, rig.contact(1))).toBe('bound');
  });

  it('can never be bound after it was held to be erased, though it can be erased again', async () => {
    const { link } = await creating();
    expect(await rig.links.hold(link, rig.contact(1), 'erase')).toBe(true);
    expect(await rig.links.hold(link, rig.contact(1), 'erase')).toBe(true);
    expect(await rig.links.bind(link, rig.contact(1))).toBe('held');
    expect(await rig.links.bind(await neighbour(), rig.contact(1))).toBe('held');
  });
});

describe('a contact that a link claims', () => {
  it("is nobody else's before the lease is over, and the first one's no more after it", async () => {
    const contact = rig.contact(1);
    const { link, lease } = await creating();
    const other = await neighbour();
    expect(await rig.links.claim(link, contact, lease)).toBe(true);
    expect(await rig.links.claim(link, contact, lease)).toBe(true);
    expect(await rig.links.claim(other, contact, rig.lease())).toBe(false);
    expect(await rig.links.hold(other, contact, 'erase')).toBe(false);
    expect(await rig.links.bind(other, contact)).toBe('held');
    // Whoever claimed it has died.
    rig.clock.advance(leaseMs + 1);
    expect(await rig.links.claim(other, contact, rig.lease())).toBe(true);
    expect(await rig.links.bind(link, contact)).toBe('held');
    expect(await rig.links.bind(other, contact)).toBe('bound');
  });

  it("is the link's for good once it is bound, and can be claimed again by that generation alone", async () => {
    const contact = rig.contact(1);
    const { link, lease } = await creating();
    await rig.links.claim(link, contact, lease);
    expect(await rig.links.bind(link, contact)).toBe('bound');
    await rig.links.giveBack(link, contact);
    rig.clock.advance(leaseMs + 1);
    const other = await neighbour();
    expect(await rig.links.claim(other, contact, rig.lease())).toBe(false);
    expect(await rig.links.bind(other, contact)).toBe('held');
    expect(await rig.links.claim(link, contact, rig.lease())).toBe(true);
    expect(await rig.links.claim({ ...link, generation: 2 }, contact, rig.lease())).toBe(false);
    expect((await rig.table.rows()).find(({ pk }) => pk === `contact#${contact}`)).not.toHaveProperty('claimant');
  });

  it('is free at once when it is given back by whoever claims it, and is about nobody', async () => {
    const contact = { id: rig.contact(1), sourceId: null };
    const { link, lease } = await creating();
    const other = await neighbour();
    await rig.links.claim(link, contact.id, lease);
    expect(await rig.links.about(contact)).toEqual([]);
    await rig.links.giveBack(other, contact.id);
    expect(await rig.links.bind(other, contact.id)).toBe('held');
    await rig.links.giveBack(link, contact.id);
    expect(await rig.links.bind(other, contact.id)).toBe('bound');
  });
});

describe('bindCreated', () => {
  it('is superseded where the visitor has signed in meanwhile, so that the answer is decided upon what is there now', async () => {
    const user = await neighbour();
    const visitorId = randomUUID();
    rig.subject = { kind: 'visitor', visitorId };
    const { link, lease } = await creating();
    await rig.links.promote(visitorId, user.pk.slice('user#'.length));
    expect(await rig.links.bindCreated(link, lease, rig.contact(1), sentOf(link))).toBe('superseded');
  });

  it('waits for another transaction at the same row instead of failing', async () => {
    const { link, lease } = await creating();
    const contacts = Array.from({ length: 8 }, (_, number) => rig.contact(number));
    const others = contacts.map((contact) => rig.links.bind(link, contact));
    const mine = await rig.links.bindCreated(link, lease, rig.contact(0), sentOf(link));
    const outcomes = await Promise.all(others);
    const { contactId = '' } = await rig.row();
    expect(contacts).toContain(contactId);
    expect(typeof mine === 'object' || outcomes.includes('bound')).toBe(true);
  });
});

import { describe, expect, it } from 'vitest';
import { isClean } from '../../../functions/rules/contacts/link.ts';
import { leaseMs, outstanding, say, sentOf, TableRig } from './table-rig.ts';

const rig = new TableRig();

describe('acquire', () => {
  it('takes the lease to send what the row wants by then', async () => {
    const read = await rig.settled();
    await rig.say(say('update', 2, 'b'));
    const lease = rig.lease();
    const took = await rig.links.acquire(read, lease);
    const row = await rig.row();
    expect(took).toEqual({ acquired: row });
    expect(row).toMatchObject({
      leaseOwner: lease.owner,
      leaseUntil: lease.untilMs,
      openRequests: 1,
      dueAt: lease.untilMs,
    });
    expect([row.sentHash, row.sentPermissions]).toEqual([row.desiredHash, row.desiredPermissions]);
    expect(row.desired.name).toBe('b');
  });

  it('lets one of many have it, and shows the others who', async () => {
    const read = await rig.settled();
    const tries = await Promise.all(Array.from({ length: 10 }, () => rig.links.acquire(read, rig.lease())));
    const won = tries.flatMap((one) => ('acquired' in one ? [one.acquired.leaseOwner] : []));
    expect(won).toHaveLength(1);
    expect(tries.every((one) => 'acquired' in one || one.conflict?.leaseOwner === won[0])).toBe(true);
  });

  it('finds its own lease when it is sent again because its acknowledgement was lost', async () => {
    const [read, lease] = [await rig.settled(), rig.lease()];
    await rig.links.acquire(read, lease);
    expect(await rig.links.acquire(read, lease)).toMatchObject({ acquired: { leaseOwner: lease.owner } });
  });

  it.each(['disable', 'delete'] as const)('takes no lease for what it read after a %s', async (kind) => {
    const read = await rig.say(say('create', 1));
    await rig.say(say(kind, 2));
    expect(await rig.links.acquire(read, rig.lease())).toMatchObject({
      conflict: { accountStatus: kind === 'delete' ? 'deleted' : 'disabled' },
    });
    expect(await rig.row()).not.toHaveProperty('leaseOwner');
  });

  it('takes no lease for a life that is over', async () => {
    const read = await rig.settled();
    await rig.say(say('delete', 2));
    await rig.say(say('create', 3));
    expect(await rig.links.acquire(read, rig.lease())).toMatchObject({ conflict: { generation: 2 } });
  });

  it('waits for the last millisecond of a lease, and for one more', async () => {
    await rig.settled();
    const { link, lease } = await rig.take();
    expect(await rig.links.acquire(link, rig.lease())).toMatchObject({ conflict: { leaseOwner: lease.owner } });
    rig.clock.advance(leaseMs + 1);
    expect(await rig.links.acquire(link, rig.lease())).toHaveProperty('acquired');
  });

  it('lets one of many take over after a dead writer', async () => {
    await rig.settled();
    const { link } = await rig.take();
    rig.expire();
    const tries = await Promise.all(Array.from({ length: 10 }, () => rig.links.acquire(link, rig.lease())));
    expect(tries.filter((one) => 'acquired' in one)).toHaveLength(1);
  });

  it('takes no lease after another writer than the one it read, though that one is dead too', async () => {
    await rig.settled();
    const { link: read } = await rig.take();
    rig.expire();
    await rig.say(say('update', 2, 'b'));
    const between = await rig.take();
    rig.expire();
    expect(await rig.links.acquire(read, rig.lease())).toMatchObject({ conflict: { leaseOwner: between.lease.owner } });
  });

  it('takes no lease that was given back since the row was read', async () => {
    await rig.settled();
    const { link, lease } = await rig.take();
    await rig.links.confirm(link, lease, sentOf(link));
    rig.expire();
    expect(await rig.links.acquire(link, rig.lease())).toMatchObject({ conflict: { confirmedHash: link.desiredHash } });
  });
});

describe('a takeover after a dead writer', () => {
  it('forgets what was confirmed, where the dead one sent something else', async () => {
    const before = await rig.settled(say('create', 1, 'a', ['staff']));
    await rig.say(say('update', 2, 'b'), rig.lease());
    rig.expire();
    await rig.say(say('update', 3, 'a', ['staff']));
    const { link } = await rig.take();
    expect(link.desiredHash).toBe(before.confirmedHash);
    for (const name of ['confirmedHash', 'confirmedAt', 'confirmedPermissions']) expect(link).not.toHaveProperty(name);
    expect(isClean(link)).toBe(false);
  });

  it('keeps the permissions as confirmed, where only a name was sent', async () => {
    const before = await rig.settled(say('create', 1, 'a'));
    await rig.say(say('update', 2, 'b'), rig.lease());
    rig.expire();
    const { link } = await rig.take();
    expect(link).not.toHaveProperty('confirmedHash');
    expect(link.confirmedPermissions).toBe(before.confirmedPermissions);
  });

  it('keeps what was confirmed, where the dead one sent the same', async () => {
    const before = await rig.settled();
    await rig.take();
    rig.expire();
    const { link } = await rig.take();
    expect(link).toMatchObject({
      confirmedHash: before.confirmedHash,
      confirmedPermissions: before.confirmedPermissions,
    });
  });

  it('forgets the same where the takeover comes with a change', async () => {
    await rig.settled(say('create', 1, 'a', ['staff']));
    await rig.say(say('update', 2, 'b'), rig.lease());
    rig.expire();
    const row = await rig.say(say('update', 3, 'c', ['staff']), rig.lease());
    expect(row).not.toHaveProperty('confirmedHash');
    expect(row).not.toHaveProperty('confirmedPermissions');
  });
});

describe('giveUp', () => {
  it('gives the lease back where every request was answered, and says when to try again and why', async () => {
    await rig.settled();
    const { link, lease } = await rig.take();
    const ended = await rig.links.giveUp(link, lease, outstanding());
    expect(ended).toMatchObject({
      released: { lastError: 'maiagent_busy', dueAt: 5_000, attempts: 1, settledBy: lease.owner },
    });
    const row = await rig.row();
    for (const name of ['leaseOwner', 'leaseUntil', 'openRequests', 'sentHash', 'sentPermissions'])
      expect(row).not.toHaveProperty(name);
  });

  it('keeps the lease while a request may be under way', async () => {
    await rig.settled();
    const { link, lease } = await rig.take();
    await rig.links.giveUp(link, lease, outstanding(false));
    expect(await rig.row()).toMatchObject({ leaseOwner: lease.owner, leaseUntil: lease.untilMs, openRequests: 1 });
    expect(await rig.links.acquire(await rig.row(), rig.lease())).toHaveProperty('conflict');
  });

  it('counts the attempts until one succeeds', async () => {
    await rig.settled();
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      const { link, lease } = await rig.take();
      expect(await rig.links.giveUp(link, lease, outstanding())).toMatchObject({ released: { attempts: attempt } });
    }
    const { link, lease } = await rig.take();
    await rig.links.confirm(link, lease, sentOf(link));
    const row = await rig.row();
    for (const name of ['attempts', 'lastError', 'dueShard', 'dueAt']) expect(row).not.toHaveProperty(name);
  });

  it('leaves a loss that came meanwhile where it was to be served, and at once', async () => {
    await rig.settled(say('create', 1, 'a', ['staff']));
    const { link, lease } = await rig.take();
    const { dueShard, dueAt } = await rig.say(say('disable', 2));
    const ended = await rig.links.giveUp(link, lease, { ...outstanding(), retryAtMs: rig.clock.now() + leaseMs });
    expect(ended).toMatchObject({ released: { dueShard, dueAt, wake: 'now', attempts: 1 } });
    expect(dueShard).toBe('urgent');
    expect(await rig.row()).not.toHaveProperty('leaseOwner');
  });

  it('leaves the next life its place, although that wants what was sent for the former one', async () => {
    await rig.settled(say('create', 1, 'a', ['staff']));
    const { link, lease } = await rig.take();
    await rig.say(say('delete', 2));
    const { dueShard, desiredHash } = await rig.say(say('create', 3, 'a', ['staff']));
    expect(desiredHash).toBe(link.desiredHash);
    await rig.links.giveUp(link, lease, { ...outstanding(), retryAtMs: rig.clock.now() + leaseMs });
    expect(await rig.row()).toMatchObject({ dueShard, dueAt: rig.clock.now() });
  });

  it('lets a loss wait for no longer than a request may be open', async () => {
    await rig.settled(say('create', 1, 'a', ['staff']));
    const { link, lease } = await rig.take();
    await rig.say(say('disable', 2));
    await rig.links.giveUp(link, lease, { ...outstanding(false), retryAtMs: rig.clock.now() + 9 * leaseMs });
    expect(await rig.row()).toMatchObject({ dueShard: 'urgent', dueAt: lease.untilMs, leaseOwner: lease.owner });
  });

  it('is lost for a former owner, and leaves the lease with the present one', async () => {
    await rig.settled();
    const former = await rig.take();
    rig.expire();
    const present = await rig.take();
    expect(await rig.links.giveUp(former.link, former.lease, outstanding())).toBe('superseded');
    expect(await rig.row()).toEqual(present.link);
  });

  it('finds its own end when it is sent again because its acknowledgement was lost', async () => {
    await rig.settled();
    const { link, lease } = await rig.take();
    await rig.links.giveUp(link, lease, outstanding());
    expect(await rig.links.giveUp(link, lease, outstanding())).toMatchObject({ released: { attempts: 1 } });
  });
});

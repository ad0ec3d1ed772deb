import { describe, expect, it } from 'vitest';
import { randomOf } from '../world/random.ts';
import { Rig } from '../rigs/identify-rig.ts';
import { inboxId } from '../rigs/real-parts.ts';

const rig = new Rig({ isStanding: true });
const contacts = 6_000;

/** An inbox whose contacts the fuzzy search for `2` hits by their UUIDs, and by the numbers that they have as ids. */
function fillInbox(): void {
  const random = randomOf(2_026);
  const digits = (count: number) => Array.from({ length: count }, () => random.below(16).toString(16)).join('');
  for (let number = 100; number < 100 + contacts; number += 1) {
    const id = [8, 4, 4, 4, 12].map(digits).join('-');
    rig.real.emulator.store.addContact({ id, sourceId: `${number}`, name: `Member ${number}`, inboxes: [inboxId] });
  }
}

describe('a person whose id is part of thousands of others', () => {
  it('gets a contact, and only after every page was read', async () => {
    fillInbox();
    rig.userId = '2';
    rig.forgetCalls();
    const { status, body } = await rig.signIn();
    expect({ status, ...body }).toMatchObject({ status: 200, outcome: 'created' });
    expect(rig.liveContacts).toMatchObject([{ id: body.contactId, sourceId: '2' }]);
    const hits = rig.real.emulator.store.liveContacts.filter(
      ({ id, sourceId }) => id.includes('2') || sourceId?.includes('2'),
    );
    expect(hits.length).toBeGreaterThan(5_000);
    const pages = Math.ceil((hits.length - 1) / 100);
    expect(rig.done.calls).toEqual([...Array.from({ length: pages }, () => 'list'), 'create']);
  });

  it('gets the contact that is there without waiting for the pages after it', async () => {
    const { store } = rig.real.emulator;
    rig.userId = '1';
    const { id } = store.addContact({ sourceId: '1', name: 'Here before', inboxes: [inboxId], createdAt: 1 });
    const { status, body } = await rig.signIn();
    expect({ status, ...body }).toMatchObject({ status: 200, contactId: id });
    expect(rig.done.calls).toEqual(['list', 'patch']);
  });

  it('is not given a second contact where a page is missing', async () => {
    rig.userId = '3';
    rig.real.emulator.faults.add({ on: 'list', kind: '500', times: 1 });
    expect((await rig.signIn()).status).toBe(503);
    expect(rig.liveContacts).toEqual([]);
  });
});

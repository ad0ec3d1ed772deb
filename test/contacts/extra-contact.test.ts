import { describe, expect, it } from 'vitest';
import { HttpContactApi } from '../../functions/io/maiagent/contact-api.ts';
import { httpSender, type HttpSend } from '../../functions/io/https.ts';
import { DynamoLinkTable } from '../../functions/io/aws/link-table.ts';
import { Rig } from '../rigs/identify-rig.ts';
import { keyOf } from '../io/maiagent/api-rig.ts';
import { inboxId } from '../rigs/real-parts.ts';

const rig = new Rig({ isStanding: true });
const live = httpSender();

/** Signs in while somebody else binds another contact, after the create was done and before its reply is here. */
async function signInLate() {
  const { clock, emulator, table } = rig.real;
  const links = new DynamoLinkTable(table.client, 'Links', clock);
  const send: HttpSend = async (request) => {
    const reply = await live(request);
    if (request.method === 'POST') {
      const { id } = emulator.store.addContact({ sourceId: rig.userId, name: 'Bound first', inboxes: [inboxId] });
      const row = await rig.row();
      if (row) await links.bind(row, id);
    }
    return reply;
  };
  const maiAgent = { origin: emulator.url, prefix: '/api/v1', inboxId, clearWith: 'empty' } as const;
  const contacts = new HttpContactApi(maiAgent, keyOf('sampleKey'), send, clock);
  return rig.signIn({}, {}, rig.real.job({ contacts }));
}

describe('a contact that was created while another one was bound', () => {
  it('is taken away again, and everybody gets the one that was bound', async () => {
    const { status, body } = await signInLate();
    expect(status).toBe(200);
    expect(rig.liveContacts).toMatchObject([{ id: body.contactId }]);
    expect((await rig.row())?.contactId).toBe(body.contactId);
    expect(rig.real.lines.some((line) => line.includes('"ExtraContacts":1'))).toBe(true);
  });

  it.each(['reset-before', '500'] as const)('keeps the lease while it may still be there (%s)', async (kind) => {
    rig.real.emulator.faults.add({ on: 'delete', kind });
    await signInLate();
    expect(rig.liveContacts).toHaveLength(2);
    const row = await rig.row();
    expect(row).toMatchObject({ leaseOwner: expect.any(String), openRequests: 1 });
    expect(row?.leaseUntil).toBeGreaterThan(rig.real.clock.now());
  });
});

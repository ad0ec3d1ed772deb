import { afterAll, beforeAll, expect, it } from 'vitest';
import { httpSender, type HttpSend } from '../../functions/io/https.ts';
import { isErased } from '../../functions/rules/contacts/link.ts';
import { ChangeRig, event, sampleSources } from '../rigs/change-rig.ts';
import { call } from '../rigs/gateway-event.ts';
import { startDeps, type RealDeps } from '../rigs/real-parts.ts';
import { seed, sized } from '../scope.ts';
import { randomOf } from '../world/random.ts';

let real: RealDeps;
let rig: ChangeRig;
beforeAll(async () => {
  const many = { visitorsPerHour: 1_000_000, visitorsPerHourAndNetwork: 1_000_000, sources: sampleSources };
  real = await startDeps({ settings: many });
  rig = new ChangeRig(real);
});
afterAll(() => real.close());

const DAY_MS = 86_400_000;
const KILLS = sized({ test: 12, prove: 1_000, long: 5_000 });
const VISITORS = sized({ test: 12, prove: 2_000, long: 2_000 });

it(
  `no contact is lost sight of by a worker that is killed at any call, ${KILLS} times`,
  { timeout: 1_800_000 },
  async () => {
    const dice = randomOf(seed);
    const live = httpSender();
    for (let time = 0; time < KILLS; time += 1) {
      const userId = `killed-${time}`;
      await rig.webhook(event('created', userId, 1, { name: 'Sample' }));
      await rig.sync({ sweep: true });
      const [contact] = rig.contactsOf(userId);
      real.emulator.store.addConversation(contact!.id);
      // One that another worker made and could not bind: only a search finds it.
      const extra = real.emulator.store.addContact({ sourceId: userId, name: 'Extra', inboxes: contact!.inboxes });
      real.emulator.store.addConversation(extra.id);
      await rig.webhook(event('deleted', userId, 2));
      let left = dice.below(9);
      const dies: HttpSend = async (request) => {
        left -= 1;
        if (left < -1) throw new Error('dead');
        const reply = await live(request);
        if (left === -1) throw new Error('dies after the effect, before anything is written');
        return reply;
      };
      await rig.sync({ sweep: true }, { send: dies });
      real.clock.advance(100_000);
      await rig.settle();
      const named = (await rig.link(userId))?.erasedContacts?.map(({ contactId }) => contactId) ?? [];
      for (const one of [contact!, extra]) {
        expect(real.emulator.store.row(one.id)).toMatchObject({ name: '匿名', sourceId: `~erased_${one.id}` });
        expect(named).toContain(one.id);
      }
    }
  },
);

it(
  `of ${VISITORS} visitors whose time is over none is revived and none left behind`,
  { timeout: 1_800_000 },
  async () => {
    const visit = (visitorToken?: string) =>
      call(real.job(), { routeKey: 'POST /v1/visitors', body: { visitorToken } });
    const visitors: Record<string, string>[] = [];
    for (let one = 0; one < VISITORS; one += 1) {
      const answer = (await visit()).body as Record<string, string>;
      visitors.push(answer);
      const { visitorToken } = answer;
      const claims = { sub: `promoted-${one}`, name: 'Sample' };
      if (one % 3 === 0) await call(real.job(), { routeKey: 'POST /v1/identity', claims, body: { visitorToken } });
      if (one % 5 === 0) real.emulator.store.addConversation(answer['contactId']!);
    }
    real.clock.advance(102 * DAY_MS);
    const left = async () =>
      (await rig.links()).filter(
        (link) => link.pk.startsWith('visitor#') && !(link.accountStatus === 'deleted' && isErased(link)),
      );
    for (let sweeps = 0; sweeps < 200 && (await left()).length > 0; sweeps += 1) {
      await rig.sync({ sweep: true });
      real.clock.advance(60_000);
    }
    expect(await left()).toEqual([]);
    for (const { visitorToken, contactId } of visitors) {
      expect((await visit(visitorToken)).status).toBe(401);
      const contact = real.emulator.store.contact(contactId!);
      expect(contact?.sourceId ?? `~erased_${contactId}`).toBe(`~erased_${contactId}`);
    }
    const users = (await rig.links()).filter(({ pk }) => pk.startsWith('user#promoted-'));
    expect(users.every(({ accountStatus }) => accountStatus === 'active')).toBe(true);
  },
);

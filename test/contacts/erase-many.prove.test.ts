import { afterAll, beforeAll, expect, it } from 'vitest';
import { httpSender, type HttpSend } from '../../functions/io/https.ts';
import { isErased, isOutstanding } from '../../functions/rules/contacts/link.ts';
import { ChangeRig, event, sampleSources } from '../rigs/change-rig.ts';
import { call } from '../rigs/gateway-event.ts';
import { mortal } from '../rigs/mortal.ts';
import { startDeps, type RealDeps } from '../rigs/real-parts.ts';
import { seed, sized } from '../scope.ts';
import { randomOf } from '../world/random.ts';

let real: RealDeps;
let rig: ChangeRig;
const begin = async (): Promise<void> => {
  const many = { visitorsPerHour: 1_000_000, visitorsPerHourAndNetwork: 1_000_000, sources: sampleSources };
  real = await startDeps({ settings: many });
  rig = new ChangeRig(real);
};
beforeAll(begin);
afterAll(() => real.close());

const DAY_MS = 86_400_000;
const KILLS = sized({ test: 12, prove: 60, long: 1_000 });
/** Tables that hold everybody whom the rounds before have left are slow to look through. */
const KILLS_A_ROUND = 100;
const VISITORS = sized({ test: 12, prove: 100, long: 2_000 });
/** So many calls to the table and to MaiAgent follow the first one to MaiAgent; a death may come before each of them, and after it. */
const CALLS = 16;

/** Somebody with two contacts that MaiAgent will not delete: one that is bound, and one that only a search finds. */
async function toBeErased(userId: string): Promise<readonly string[]> {
  await rig.webhook(event('created', userId, 1, { name: 'Sample' }));
  await rig.sync({ sweep: true });
  const [contact] = rig.contactsOf(userId);
  const { store } = real.emulator;
  const extra = store.addContact({ sourceId: userId, name: 'Extra', inboxes: contact!.inboxes });
  for (const { id } of [contact!, extra]) store.addConversation(id);
  await rig.webhook(event('deleted', userId, 2));
  return [contact!.id, extra.id];
}

it(
  `no contact is lost sight of by a worker that is killed at any call, ${KILLS} times`,
  { timeout: 1_800_000 },
  async () => {
    const dice = randomOf(seed);
    let killed = 0;
    for (let time = 0; killed < KILLS; time += 1) {
      if (time > 0 && time % KILLS_A_ROUND === 0) {
        await real.close();
        await begin();
      }
      const userId = `killed-${time}`;
      const contactIds = await toBeErased(userId);
      let left = dice.below(2 * CALLS);
      let hasBegun = false;
      const live = httpSender();
      const send: HttpSend = (request) => {
        hasBegun = true;
        return live(request);
      };
      const worker = mortal({ client: real.table.client, send }, () => hasBegun && (left -= 1) < 0);
      if ((await worker.run(rig.sync({ sweep: true }, worker))) === 'killed') killed += 1;
      for (let sweeps = 0; sweeps < 10 && isOutstanding((await rig.link(userId))!); sweeps += 1) {
        real.clock.advance(100_000);
        await rig.sync({ sweep: true });
      }
      const link = (await rig.link(userId))!;
      expect([userId, isOutstanding(link)]).toEqual([userId, false]);
      const named = link.erasedContacts?.map(({ contactId }) => contactId) ?? [];
      for (const id of contactIds) {
        expect(real.emulator.store.row(id)).toMatchObject({ name: '匿名', sourceId: `~erased_${id}` });
        expect(named).toContain(id);
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

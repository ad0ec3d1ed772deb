import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mortal } from '../rigs/mortal.ts';
import { startDeps, type RealDeps } from '../rigs/real-parts.ts';
import type { SampleAnswer } from '../rigs/gateway-event.ts';
import { patchOf, sampleUser, ScimRig } from '../rigs/scim-rig.ts';
import { seed, sized } from '../scope.ts';
import { randomOf } from '../world/random.ts';
import { groupsOf } from './told.ts';

const CLIENTS = sized({ test: 8, prove: 20, long: 50 });
const USERS = sized({ test: 24, prove: 100, long: 500 });
const GROUPS = sized({ test: 4, prove: 10, long: 10 });
const STEPS = sized({ test: 4, prove: 6, long: 20 });
/** One boundary in so many kills a function, before or after the effect: then the reply is lost. */
const DEATHS = 40;
const ATTEMPTS_MAX = 100;

let real: RealDeps;
let rig: ScimRig;
const dice = randomOf(seed);
beforeAll(async () => {
  real = await startDeps();
  rig = new ScimRig(real);
});
afterAll(() => real.close());

/** What the directory knows of a user at the end, whatever became of single requests. */
interface Known {
  name: string;
  active: boolean;
  groups: Set<number>;
  id: string;
}

/** Sends a request again until it is answered, as a directory does in its next cycles. */
async function untilAnswered(what: string, body?: object): Promise<SampleAnswer> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const ways = { client: real.table.client, send: () => Promise.reject(new Error('no way there')) };
    const life = mortal(ways, () => dice.fraction() < 1 / DEATHS);
    let answer: SampleAnswer | undefined;
    const asked = rig.ask(what, { ...(body && { body }), client: life.client }).then((one) => void (answer = one));
    if ((await life.run(asked)) === 'killed' || !answer) continue;
    if (answer.status < 500) return answer;
  }
  throw new Error(`no answer after ${ATTEMPTS_MAX} attempts`);
}

async function live(at: number, groups: readonly string[]): Promise<Known> {
  const known: Known = { name: `user-${at}`, active: true, groups: new Set(), id: '' };
  const document = () => sampleUser(`user-${at}`, { displayName: known.name, active: known.active });
  const created = await untilAnswered('POST Users', document());
  const query = { filter: `userName eq "user-${at}@sample.test"` };
  known.id = created.status === 409 ? (await rig.ask('GET Users', { query })).body.Resources[0].id : created.body.id;
  for (let step = 0; step < STEPS; step += 1) {
    const way = Math.floor(dice.fraction() * 4);
    const group = Math.floor(dice.fraction() * groups.length);
    known.name = `user-${at} step ${step}`;
    known.active = dice.fraction() < 0.7;
    const member = [{ value: known.id }];
    if (way === 0) await untilAnswered(`PUT Users/${known.id}`, document());
    const values = { displayName: known.name, active: known.active };
    if (way !== 0) await untilAnswered(`PATCH Users/${known.id}`, patchOf({ op: 'replace', value: values }));
    if (way < 3) known.groups.add(group);
    else known.groups.delete(group);
    const op =
      way < 3 ? { op: 'add', path: 'members', value: member } : { op: 'Remove', path: 'members', value: member };
    await untilAnswered(`PATCH Groups/${groups[group]}`, patchOf(op));
  }
  return known;
}

describe('many requests of a directory at once, with functions that are killed', () => {
  it(
    `end as one after the other: ${CLIENTS} clients, ${USERS} users, ${GROUPS} groups`,
    { timeout: 3_600_000 },
    async () => {
      const groups: string[] = [];
      for (let at = 0; at < GROUPS; at += 1)
        groups.push((await rig.ask('POST Groups', { body: { displayName: `group-${at}` } })).body.id as string);
      const ends: Known[] = [];
      let next = 0;
      const client = async (): Promise<void> => {
        while (next < USERS) ends.push(await live(next++, groups));
      };
      await Promise.all(Array.from({ length: CLIENTS }, client));
      real.clock.advance(60_000);
      await rig.carry();
      for (const known of ends) {
        const names = [...known.groups].map((at) => `group-${at}`).toSorted();
        const link = await rig.link(`oid-${/^user-\d+/.exec(known.name)?.[0]}`);
        const status = known.active ? 'active' : 'disabled';
        expect([link?.accountStatus, link?.desired.name, groupsOf(link, 'entra')]).toEqual([status, known.name, names]);
      }
      expect((await rig.ask('GET Users', { query: { count: '1' } })).body.totalResults).toBe(USERS);
      for (const [at, id] of groups.entries()) {
        const { members } = (await rig.ask(`GET Groups/${id}`)).body as { members: { value: string }[] };
        const expected = ends.flatMap((known) => (known.groups.has(at) ? known.id : []));
        expect(members.map(({ value }) => value).toSorted()).toEqual(expected.toSorted());
      }
    },
  );
});

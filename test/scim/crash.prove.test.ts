import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mortal } from '../rigs/mortal.ts';
import { startDeps, type RealDeps } from '../rigs/real-parts.ts';
import { patchOf, sampleUser, ScimRig } from '../rigs/scim-rig.ts';
import { groupsOf } from './told.ts';

let real: RealDeps;
let rig: ScimRig;
beforeAll(async () => {
  real = await startDeps({ isStanding: true });
  rig = new ScimRig(real);
});
afterAll(() => real.close());

/** A request as a directory repeats it until it is answered. */
type Step = readonly [what: string, body?: object];

interface Story {
  readonly name: string;
  /** Prepares what the step is about, and answers its names. */
  readonly before: (key: string) => Promise<Readonly<Record<string, string>>>;
  readonly step: (ids: Readonly<Record<string, string>>, key: string) => Step;
  /** What a repetition may be answered, beside a success. */
  readonly repeated?: number;
  readonly end: (ids: Readonly<Record<string, string>>, key: string) => Promise<unknown>;
  readonly expected: unknown;
}

const create = async (key: string): Promise<string> =>
  (await rig.ask('POST Users', { body: sampleUser(key) })).body.id as string;
const group = async (key: string, ...ids: string[]): Promise<string> =>
  (await rig.ask('POST Groups', { body: { displayName: key, members: ids.map((value) => ({ value })) } })).body
    .id as string;
const state = async (key: string) => {
  const link = await rig.link(`oid-${key}`);
  return [link?.accountStatus, link?.desired.name, groupsOf(link, 'entra')];
};

const stories: Story[] = [
  {
    name: 'a creation',
    before: () => Promise.resolve({}),
    step: (_, key) => ['POST Users', sampleUser(key)],
    repeated: 409,
    end: async (_, key) => {
      const { body } = await rig.ask('GET Users', { query: { filter: `externalId eq "oid-${key}"` } });
      return [body.totalResults, (await state(key))[0]];
    },
    expected: [1, 'active'],
  },
  {
    name: 'a replacement that disables',
    before: async (key) => ({ id: await create(key) }),
    step: ({ id }, key) => [`PUT Users/${id}`, sampleUser(key, { displayName: 'Gone', active: false })],
    end: async ({ id }, key) => [(await rig.ask(`GET Users/${id}`)).body.active, ...(await state(key)).slice(0, 2)],
    expected: [false, 'disabled', 'Gone'],
  },
  {
    name: 'a deletion of a member',
    before: async (key) => {
      const id = await create(key);
      return { id, group: await group(key, id) };
    },
    step: ({ id }) => [`DELETE Users/${id}`],
    repeated: 404,
    end: async ({ group: one }, key) => [(await rig.ask(`GET Groups/${one}`)).body.members, (await state(key))[0]],
    expected: [[], 'deleted'],
  },
  {
    name: 'a new name of a group, with one who leaves and one who joins',
    before: async (key) => {
      const [id, other] = [await create(key), await create(`${key}-other`)];
      return { id, other, group: await group(key, id) };
    },
    step: ({ id, other, group: one }, key) => [
      `PATCH Groups/${one}`,
      patchOf(
        { op: 'replace', path: 'displayName', value: `${key}-new` },
        { op: 'remove', path: `members[value eq "${id}"]` },
        { op: 'add', path: 'members', value: [{ value: other }] },
      ),
    ],
    end: async ({ group: one, other }, key) => [
      (await rig.ask(`GET Groups/${one}`)).body.members.map(({ value }: { value: string }) => value === other),
      (await state(key))[2],
      ((await state(`${key}-other`))[2] as string[]).map((name) => name.replace(key, '')),
    ],
    expected: [[true], [], ['-new']],
  },
  ...(
    [
      ['a PATCH that removes all members', 'PATCH', patchOf({ op: 'remove', path: 'members' })],
      ['a PATCH by no members', 'PATCH', patchOf({ op: 'replace', path: 'members', value: [] })],
      ['a PUT without members', 'PUT', { members: [] }],
      ['another name alone', 'PATCH', patchOf({ op: 'replace', path: 'displayName', value: 'KEY-new' })],
    ] as const
  ).map(([name, method, change]): Story => ({
    name,
    before: async (key) => ({ group: await group(key, await create(key)) }),
    step: ({ group: one }, key) => {
      const body = JSON.parse(JSON.stringify(change).replace('KEY', key)) as object;
      return [`${method} Groups/${one}`, method === 'PUT' ? { displayName: key, ...body } : body];
    },
    end: async (_, key) => ((await state(key))[2] as string[]).map((one) => one.replace(key, '')),
    expected: name === 'another name alone' ? ['-new'] : [],
  })),
  {
    name: 'the end of a group',
    before: async (key) => {
      const id = await create(key);
      return { id, group: await group(key, id) };
    },
    step: ({ group: one }) => [`DELETE Groups/${one}`],
    repeated: 404,
    end: async ({ id, group: one }, key) => [
      (await rig.ask(`GET Groups/${one}`)).status,
      (await rig.ask(`GET Users/${id}`)).body.groups,
      (await state(key))[2],
    ],
    expected: [404, [], []],
  },
];

describe('a function that is killed', () => {
  it.each(stories)(
    'at any boundary of $name leaves what a repetition and the schedule bring to its end',
    async (story) => {
      const word = story.name.replaceAll(/\W+/g, '-');
      for (let boundary = 0, isOver = false; !isOver; boundary += 1) {
        const key = `${word}-${boundary}`;
        const ids = await story.before(key);
        const [what, body] = story.step(ids, key);
        let crossed = 0;
        const ways = { client: real.table.client, send: () => Promise.reject(new Error('no way there')) };
        const life = mortal(ways, () => (crossed += 1) > boundary);
        const asked = { ...(body && { body }) };
        isOver = (await life.run(rig.ask(what, { ...asked, client: life.client }))) === 'ended';
        const again = await rig.ask(what, asked);
        expect([key, again.status < 300 || again.status === story.repeated, again.status]).toEqual([
          key,
          true,
          again.status,
        ]);
        expect([key, await story.end(ids, key)]).toEqual([key, story.expected]);
        real.clock.advance(60_000);
        await rig.carry();
        expect([key, await story.end(ids, key)]).toEqual([key, story.expected]);
      }
    },
  );

  it(
    'at any boundary of a large withdrawal gives nobody an id meanwhile, and the schedule ends it',
    { timeout: 300_000 },
    async () => {
      const ids = await Promise.all(Array.from({ length: 101 }, (_, at) => create(`large-${at}`)));
      const one = await group('partners', ...ids);
      real.clock.advance(60_000);
      await rig.carry();
      expect((await rig.identify('oid-large-0')).status).toBe(200);
      expect((await rig.ask(`DELETE Groups/${one}`)).status).toBe(204);
      real.clock.advance(60_000);
      for (let boundary = 1; ; boundary = Math.ceil(boundary * 1.7)) {
        const hasGroup = ((await state('large-0'))[2] as unknown[]).length > 0;
        expect([boundary, (await rig.identify('oid-large-0')).status]).toEqual([boundary, hasGroup ? 503 : 200]);
        let crossed = 0;
        const ways = { client: real.table.client, send: () => Promise.reject(new Error('no way there')) };
        const life = mortal(ways, () => (crossed += 1) > boundary);
        if ((await life.run(rig.carry(life.client))) === 'ended') break;
      }
      expect((await state('large-100'))[2]).toEqual([]);
      real.clock.advance(60_000);
      await rig.carry();
      const rows = (await real.table.rows()) as unknown as { pk: string; entries?: Set<string>; dueShard?: string }[];
      expect(rows.filter(({ pk, entries }) => pk.startsWith('scim-withdrawn') && entries)).toEqual([]);
      expect(rows.filter(({ dueShard }) => dueShard === 'scim')).toEqual([]);
    },
  );
});

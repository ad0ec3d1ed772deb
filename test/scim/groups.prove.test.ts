import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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

const user = async (name: string): Promise<string> =>
  (await rig.ask('POST Users', { body: sampleUser(name) })).body.id as string;
const group = async (displayName: string, members: readonly string[] = []): Promise<string> => {
  const answer = await rig.ask('POST Groups', { body: { displayName, members: members.map((value) => ({ value })) } });
  expect([answer.status, answer.body.detail]).toEqual([201, undefined]);
  return answer.body.id as string;
};
const membersOf = async (id: string): Promise<string[]> =>
  ((await rig.ask(`GET Groups/${id}`)).body.members as { value: string }[]).map(({ value }) => value).toSorted();
const told = async (name: string) => groupsOf(await rig.link(`oid-${name}`), 'entra');

describe('a group of a directory', () => {
  it('gives its members its name, in whatever way they are added and removed', async () => {
    const [amy, ben] = [await user('amy'), await user('ben')];
    const id = await group('sales', [amy]);
    expect([await told('amy'), await told('ben')]).toEqual([['sales'], []]);
    const patch = (op: object) => rig.ask(`PATCH Groups/${id}`, { body: patchOf(op) });
    expect((await patch({ op: 'Add', path: 'members', value: [{ value: ben }, { value: ben }] })).status).toBe(204);
    expect([await told('amy'), await told('ben')]).toEqual([['sales'], ['sales']]);
    await patch({ op: 'Remove', path: 'members', value: [{ value: amy }] });
    expect([await told('amy'), await told('ben')]).toEqual([[], ['sales']]);
    await patch({ op: 'remove', path: `members[value eq "${ben}"]` });
    expect([await told('ben'), await membersOf(id)]).toEqual([[], []]);
    await patch({ op: 'replace', value: { id, displayName: 'sales', members: [{ value: amy }] } });
    expect([await told('amy'), await membersOf(id)]).toEqual([['sales'], [amy]]);
    const body = { displayName: 'sales', members: [{ value: ben }] };
    expect((await rig.ask(`PUT Groups/${id}`, { body })).status).toBe(200);
    expect([await told('amy'), await told('ben'), await membersOf(id)]).toEqual([[], ['sales'], [ben]]);
    await patch({ op: 'remove', path: 'members' });
    expect([await told('ben'), await membersOf(id)]).toEqual([[], []]);
  });

  it('is known by its new name to everybody once it is renamed, and to nobody once it is deleted', async () => {
    const [cat, dan] = [await user('cat'), await user('dan')];
    const id = await group('press', [cat, dan]);
    await rig.ask(`PATCH Groups/${id}`, { body: patchOf({ op: 'replace', value: { displayName: 'media' } }) });
    expect([await told('cat'), await told('dan')]).toEqual([['media'], ['media']]);
    expect((await rig.ask(`DELETE Groups/${id}`)).status).toBe(204);
    expect([await told('cat'), (await rig.ask(`GET Groups/${id}`)).status]).toEqual([[], 404]);
    expect((await rig.ask(`GET Users/${cat}`)).body.groups).toEqual([]);
  });

  it('is not had again by who is deleted and comes back, in however many groups they were', async () => {
    const zoe = await user('zoe');
    const ids: string[] = [];
    for (let at = 0; at < 85; at += 1) ids.push(await group(`many-${at}`, [zoe]));
    // A deletion that does not come to its commit leaves them in the groups that they still have, and in no other.
    const { client } = real.table;
    const send = (one: { input: { TransactItems?: { Put?: object }[] } }) =>
      one.input.TransactItems?.some(({ Put }) => Put) ? Promise.reject(new Error('cut')) : client.send(one as never);
    expect((await rig.ask(`DELETE Users/${zoe}`, { client: { send } as never })).status).toBe(500);
    real.clock.advance(60_000);
    await rig.carry();
    const left = (await Promise.all(ids.map(membersOf))).flat();
    expect(await told('zoe')).toHaveLength(left.length);
    expect((await rig.ask(`DELETE Users/${zoe}`)).status).toBe(204);
    expect((await Promise.all(ids.map(membersOf))).flat()).toEqual([]);
    expect(await user('zoe')).toBe(zoe);
    const body = patchOf({ op: 'replace', value: { displayName: 'renamed' } });
    for (const id of ids) await rig.ask(`PATCH Groups/${id}`, { body });
    expect(await told('zoe')).toEqual([]);
  });

  it('keeps a member who is not known yet, and gives the name when the user comes', async () => {
    const eve = await user('eve');
    await rig.ask(`DELETE Users/${eve}`);
    const id = await group('later', [eve]);
    expect(await membersOf(id)).toEqual([eve]);
    expect(await user('eve')).toBe(eve);
    expect(await told('eve')).toEqual(['later']);
    expect((await rig.ask(`GET Users/${eve}`)).body.groups).toMatchObject([{ value: id, display: 'later' }]);
    await rig.ask(`DELETE Users/${eve}`);
    expect(await membersOf(id)).toEqual([]);
  });

  it('that gets a new name puts nobody back who is deleted meanwhile', async () => {
    const [ned, ora] = [await user('ned'), await user('ora')];
    const id = await group('old', [ned, ora]);
    let isFirst = true;
    real.table.client.middlewareStack.add(
      (next, { commandName }) =>
        async (args) => {
          const isRename =
            commandName === 'TransactWriteItemsCommand' && JSON.stringify(args.input).includes('#Group#');
          if (isRename && isFirst) {
            isFirst = false;
            expect((await rig.ask(`DELETE Users/${ned}`)).status).toBe(204);
          }
          return next(args);
        },
      { step: 'initialize', name: 'deletion' },
    );
    const pia = await user('pia');
    const ops = [
      { op: 'replace', path: 'displayName', value: 'new' },
      { op: 'add', path: 'members', value: [{ value: pia }] },
    ];
    expect((await rig.ask(`PATCH Groups/${id}`, { body: patchOf(...ops) })).status).toBe(204);
    real.table.client.middlewareStack.remove('deletion');
    real.clock.advance(60_000);
    await rig.carry();
    expect([isFirst, await membersOf(id)]).toEqual([false, [ora, pia].toSorted()]);
    expect([await user('ned'), await told('ned'), await told('ora'), await told('pia')]).toEqual([
      ned,
      [],
      ['new'],
      ['new'],
    ]);
  });

  it('reaches a member with ten others and a change of the member at once, and none is lost', async () => {
    const gus = await user('gus');
    const names = Array.from({ length: 10 }, (_, at) => `at-once-${at}`);
    const ids = await Promise.all(names.map((name) => group(name)));
    const join = patchOf({ op: 'add', path: 'members', value: [{ value: gus }] });
    const rename = patchOf({ op: 'replace', path: 'displayName', value: 'Gus at once' });
    const asked = [
      ...ids.map((id) => rig.ask(`PATCH Groups/${id}`, { body: join })),
      rig.ask(`PATCH Users/${gus}`, { body: rename }),
    ];
    const statuses = (await Promise.all(asked)).map(({ status }) => status);
    expect(statuses.filter((status) => status >= 300)).toEqual([]);
    expect([await told('gus'), (await rig.link('oid-gus'))?.desired.name]).toEqual([names, 'Gus at once']);
    expect((await rig.ask(`GET Users/${gus}`)).body.groups).toHaveLength(10);
  });

  it('has a name of its own, and is found by it without its members', async () => {
    const id = await group('Finance', [await user('fay')]);
    expect(await rig.ask('POST Groups', { body: { displayName: 'FINANCE' } })).toMatchObject({
      status: 409,
      body: { scimType: 'uniqueness' },
    });
    const query = { excludedAttributes: 'members', filter: 'displayName eq "finance"' };
    const { body } = await rig.ask('GET Groups', { query });
    expect(body).toMatchObject({ totalResults: 1, Resources: [{ id, displayName: 'Finance' }] });
    expect(body.Resources[0]).not.toHaveProperty('members');
    expect((await rig.ask(`GET Groups/${id}`, { query: { excludedAttributes: 'members' } })).body).not.toHaveProperty(
      'members',
    );
  });

  it('of more members than a request carries is withdrawn from its answer on, and the schedule carries it', async () => {
    const names = Array.from({ length: 105 }, (_, at) => `many-${at}`);
    const ids = await Promise.all(names.map(user));
    const id = await group('partners', ids);
    await rig.carry();
    real.clock.advance(60_000);
    await rig.carry();
    expect(await told('many-104')).toEqual(['partners']);
    const first = await rig.identify('oid-many-0');
    expect([first.status, first.body.outcome]).toEqual([200, 'created']);
    expect((await rig.ask(`DELETE Groups/${id}`)).status).toBe(204);
    expect(await told('many-0')).toEqual(['partners']);
    expect(await rig.identify('oid-many-0')).toMatchObject({ status: 503, body: { code: 'permissions_unread' } });
    // A sign-in that writes answers by what is withdrawn after its write.
    const news = { 'https://corp.example/country': 'JP' };
    expect(await rig.identify('oid-many-0', news)).toMatchObject({ status: 503, body: { code: 'permissions_unread' } });
    real.clock.advance(60_000);
    await rig.carry();
    expect(await told('many-0')).toEqual([]);
    expect((await rig.link('oid-many-0'))?.dueShard).toBe('losses');
    expect(await rig.identify('oid-many-0')).toMatchObject({ status: 200, body: { contactId: first.body.contactId } });
  });
});

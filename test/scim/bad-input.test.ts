import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startDeps, type RealDeps } from '../rigs/real-parts.ts';
import { patchOf, sampleUser, ScimRig } from '../rigs/scim-rig.ts';

let real: RealDeps;
let rig: ScimRig;
let id: string;
let group: string;
beforeAll(async () => {
  real = await startDeps();
  rig = new ScimRig(real);
  id = (await rig.ask('POST Users', { body: sampleUser('amy') })).body.id as string;
  group = (await rig.ask('POST Groups', { body: { displayName: 'staff', members: [{ value: id }] } })).body
    .id as string;
});
afterAll(() => real.close());

type Case = [what: string, request: Parameters<ScimRig['ask']>[1], status: number, scimType?: string];
const patch = (...operations: object[]) => ({ body: patchOf(...operations) });
const asked = (filter: string) => ({ query: { filter } });
const deep = `${'('.repeat(9)}userName eq "a"${')'.repeat(9)}`;

const cases: Case[] = [
  ['POST Users', { body: {} }, 400, 'invalidValue'],
  ['POST Users', { body: [] }, 400, 'invalidSyntax'],
  ['POST Users', { rawBody: '{"userName":' }, 400, 'invalidSyntax'],
  ['POST Users', { body: sampleUser('new', { emails: ['x'] }) }, 400, 'invalidValue'],
  ['POST Users', { body: sampleUser('new', { externalId: undefined }) }, 400, 'invalidValue'],
  ['POST Users', { body: sampleUser('new', { userName: 'x'.repeat(300) }) }, 400, 'invalidValue'],
  ['POST Users', { body: sampleUser('new', { title: 'x'.repeat(70_000) }) }, 413],
  ['POST Users', { rawBody: JSON.stringify(sampleUser('new', { title: 'x'.repeat(1_100_000) })) }, 413],
  ['POST Users', { body: sampleUser('new'), headers: { 'content-type': 'text/plain' } }, 415],
  ['POST Users', { body: sampleUser('amy') }, 409, 'uniqueness'],
  ['PUT Users/nobody', { body: sampleUser('nobody') }, 404],
  ['PATCH Users/nobody', patch({ op: 'replace', path: 'active', value: false }), 404],
  ['DELETE Users/nobody', {}, 404],
  ['GET Users/nobody', {}, 404],
  ['GET Users/a%20b', {}, 404],
  ['PATCH Users/ID', patch({ op: 'replace', path: 'id', value: 'other' }), 400, 'mutability'],
  ['PATCH Users/ID', patch({ op: 'replace', path: 'nickname.first', value: 'x' }), 400, 'invalidPath'],
  ['PATCH Users/ID', patch({ op: 'replace', path: 'noSuchThing', value: 'x' }), 400, 'invalidPath'],
  ['PATCH Users/ID', patch({ op: 'replace', path: 'emails[value eq "other"].type', value: 'x' }), 400, 'noTarget'],
  ['PATCH Users/ID', patch({ op: 'remove' }), 400, 'noTarget'],
  ['PATCH Users/ID', patch(), 400, 'invalidValue'],
  ['PATCH Users/ID', { body: patchOf(null as never) }, 400, 'invalidValue'],
  ['PATCH Users/ID', { body: {} }, 400, 'invalidSyntax'],
  ['PATCH Users/ID', patch({ op: 'explode', path: 'active', value: true }), 400, 'invalidSyntax'],
  ['PATCH Users/ID', patch({ op: 'replace', path: 'active', value: 'perhaps' }), 400, 'invalidValue'],
  ['PATCH Users/ID', patch({ op: 'remove', path: 'userName' }), 400, 'invalidValue'],
  ['PATCH Users/ID', patch({ op: 'remove', path: 'externalId' }), 400, 'invalidValue'],
  [
    'PATCH Users/ID',
    { ...patch({ op: 'replace', path: 'active', value: true }), headers: { 'if-match': 'W/"77"' } },
    412,
  ],
  ['PATCH Groups/GROUP', patch({ op: 'add', path: 'members', value: [null] }), 400, 'invalidValue'],
  ['PATCH Groups/GROUP', patch({ op: 'add', path: 'members', value: [{ value: 'a#b' }] }), 400, 'invalidValue'],
  ['PATCH Groups/GROUP', patch({ op: 'remove', path: 'members[display sw "a"]' }), 400, 'invalidFilter'],
  ['PATCH Groups/GROUP', patch({ op: 'remove', path: 'displayName' }), 400, 'invalidValue'],
  ['GET Users', asked(''), 400, 'invalidFilter'],
  ['GET Users', asked(deep), 400, 'invalidFilter'],
  ['GET Users', asked(`userName eq "${'x'.repeat(5_000)}"`), 400, 'invalidFilter'],
  ['GET Users', asked('constructor.assign eq "x"'), 400, 'invalidFilter'],
  ['GET Users', asked('__proto__.polluted eq "x"'), 400, 'invalidFilter'],
  ['GET Users', asked('not (userName eq "a" and active eq true)'), 400, 'invalidFilter'],
  ['GET Users', { query: { count: 'many' } }, 400, 'invalidValue'],
  ['GET Users', { query: { sortBy: 'userName' } }, 501],
  ['POST Bulk', { body: {} }, 501],
  ['POST Users/.search', { body: {} }, 501],
  ['GET Me', {}, 501],
  ['GET Nothing', {}, 404],
  ['PUT Users', { body: {} }, 405],
  ['POST Schemas', { body: {} }, 405],
  ['GET Users', { token: 'a-token-of-somebody-else-0918273645-abcdef' }, 401],
  ['GET Users', { source: 'nowhere' }, 404],
];

describe('bad input', () => {
  it.each(cases)('%s %j is answered %i %s, and nothing changes', async (what, request, status, scimType) => {
    const before = await real.table.rows();
    const answer = await rig.ask(what.replace('ID', id).replace('GROUP', group), request ?? {});
    expect([answer.status, answer.body.scimType]).toEqual([status, scimType]);
    expect(answer.headers['content-type']).toBe('application/scim+json');
    expect(answer.body).toMatchObject({
      schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'],
      status: String(status),
    });
    expect(await real.table.rows()).toEqual(before);
  });

  it('that the RFC lets pass is passed over', async () => {
    const body = {
      ...sampleUser('amy'),
      unknown: 1,
      'urn:corp:custom:User': { a: 1 },
      id: 'other',
      password: 'p',
      nickName: null,
    };
    const { status, body: read } = await rig.ask(`PUT Users/${id}`, { body });
    expect([status, read.id, read.unknown, read['urn:corp:custom:User'], read.password]).toEqual([
      200,
      id,
      undefined,
      undefined,
      undefined,
    ]);
    expect((await rig.ask('GET Users', asked('nickName eq "nobody"'))).body).toMatchObject({
      totalResults: 0,
      Resources: [],
    });
  });

  it('says nothing of what was sent, neither in an answer nor in the log', async () => {
    const secret = 'Ludmilla-Sample';
    const answers = await Promise.all([
      rig.ask('POST Users', { body: sampleUser('new', { userName: `${secret}\u0000` }) }),
      rig.ask('GET Users', asked(`${secret} xx "`)),
      rig.ask(`PATCH Users/${id}`, patch({ op: 'replace', path: secret, value: secret })),
    ]);
    expect(JSON.stringify([answers, real.lines])).not.toContain(secret);
  });
});

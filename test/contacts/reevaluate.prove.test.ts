import { DeleteItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Settings } from '../../functions/env.ts';
import { queryMetadataOf } from '../../functions/rules/contacts/permissions.ts';
import type { Grant } from '../../functions/rules/permission-rules.ts';
import { SECOND_PASS_AFTER_MS } from '../../functions/rules/evaluation.ts';
import { httpSender, type HttpSend } from '../../functions/io/https.ts';
import { ChangeRig, event, sampleSources } from '../rigs/change-rig.ts';
import { call } from '../rigs/gateway-event.ts';
import { startDeps, type RealDeps } from '../rigs/real-parts.ts';
import { samplePermissions } from '../rigs/sample-settings.ts';
import { sized } from '../scope.ts';

const USERS = sized({ test: 20, prove: 60, long: 10_000 });

let real: RealDeps;
let deployments = 0;
let stories = 0;
let story = '';
beforeAll(async () => {
  real = await startDeps({ settings: { sources: sampleSources } });
});
afterAll(() => real.close());
beforeEach(() => {
  story = `story-${(stories += 1)}`;
});

/** The functions after one more deployment, with these rules. */
function deploy(permissions: Settings['permissions']): ChangeRig {
  const rig = new ChangeRig(real, { deployment: (deployments += 1), permissions });
  rig.finished.clear();
  return rig;
}

const public_ = samplePermissions.none;
const wide: Grant = samplePermissions.rules[0]!.grant;
/** Staff lose what the sample rules give them. */
const stricter: Settings['permissions'] = { none: public_, rules: samplePermissions.rules.slice(1) };

const staff = { name: 'Sample', roles: ['staff'] };
const guest = { name: 'Sample', roles: ['guest'] };
const userOf = (index: number): string => `${story}-${index}`;

let events = 0;
const say = (rig: ChangeRig, body: object) => rig.webhook(body, { id: `event-of-rules-${(events += 1)}` });

async function announce(rig: ChangeRig, count: number, fieldsOf: (index: number) => object): Promise<void> {
  for (let from = 0; from < count; from += 20) {
    const some = Array.from({ length: Math.min(20, count - from) }, (_, index) => from + index);
    await Promise.all(some.map((index) => say(rig, event('created', userOf(index), 1, { ...fieldsOf(index) }))));
  }
  await rig.settle();
}

/** Sweeps until every segment is gone through twice, and until no link is due. */
async function evaluated(rig: ChangeRig): Promise<void> {
  await rig.settle();
  real.clock.advance(SECOND_PASS_AFTER_MS);
  await rig.settle();
  expect(rig.finished.size).toBe(8);
}

const grantAtMaiAgent = (rig: ChangeRig, user: string) => rig.contactsOf(user).map((one) => one.queryMetadata);
const granted = (grant: Grant) => [queryMetadataOf(grant)];
const signIn = (rig: ChangeRig, user: string, claims: object = {}) =>
  call(real.job({ settings: rig.settings }), {
    routeKey: 'POST /v1/identity',
    claims: { sub: user, ...claims },
    body: {},
  });

describe('after a deployment with other permission rules', () => {
  it(`each of ${USERS} contacts gets what the rules give now, and no link that stays the same is written`, async () => {
    await announce(deploy(samplePermissions), USERS, (index) => (index % 5 === 0 ? guest : staff));
    const former = new Map((await deploy(samplePermissions).links()).map(({ pk, revision }) => [pk, revision]));
    const rig = deploy(stricter);
    await evaluated(rig);
    for (let index = 0; index < USERS; index += 1)
      expect(grantAtMaiAgent(rig, userOf(index)), userOf(index)).toEqual(granted(public_));
    const written = (await rig.links()).filter(({ pk, revision }) => former.get(pk) !== revision);
    expect(written.filter(({ pk }) => pk.startsWith(`user#${story}-`))).toHaveLength(USERS - USERS / 5);
    expect(written.filter(({ pk }) => Number(pk.split('-').at(-1)) % 5 === 0)).toEqual([]);
  });

  it('a person who is disabled meanwhile does not wait for the others', async () => {
    await announce(deploy(samplePermissions), 40, () => staff);
    const rig = deploy(stricter);
    let disabledAt: number | undefined;
    const sent: string[] = [];
    const live = httpSender();
    const idOf = (index: number): string => rig.contactsOf(userOf(index))[0]?.id ?? '';
    const isSent = (id: string): boolean => sent.some((path) => path.includes(id));
    let disabled = '';
    const send: HttpSend = async (request) => {
      if (request.method === 'PATCH') sent.push(request.url.pathname);
      if (sent.length === 12 && disabledAt === undefined) {
        disabledAt = sent.length;
        const index = Array.from({ length: 40 }, (_, one) => one).findLast((one) => !isSent(idOf(one))) ?? 0;
        disabled = idOf(index);
        await say(rig, event('disabled', userOf(index), 2));
      }
      return live(request);
    };
    // The first sweep evaluates while nothing is due yet; the second one sends.
    await rig.sync({ sweep: true }, { send });
    real.clock.advance(60_000);
    await rig.sync({ sweep: true }, { send });
    // Eight links are under way at a time, and these are carried out.
    const at = sent.findIndex((path) => path.includes(disabled));
    expect(at - disabledAt!).toBeGreaterThanOrEqual(0);
    expect(at - disabledAt!).toBeLessThanOrEqual(8);
    expect(sent.length).toBeGreaterThanOrEqual(40);
  });

  it('one row that nobody can read keeps no other from being evaluated or audited, and people are told', async () => {
    await announce(deploy(samplePermissions), 20, () => staff);
    const pk = `user#${userOf(99)}`;
    const broken = { pk: { S: pk }, revision: { N: '1' }, sourceId: { S: 'broken' } };
    await real.table.client.send(new PutItemCommand({ TableName: 'Links', Item: broken }));
    const rig = deploy(stricter);
    real.lines.length = 0;
    for (let sweeps = 0; sweeps < 10; sweeps += 1) {
      await rig.sync({ sweep: true });
      real.clock.advance(301_000);
    }
    for (let index = 0; index < 20; index += 1) expect(grantAtMaiAgent(rig, userOf(index))).toEqual(granted(public_));
    expect(rig.finished.size).toBe(8);
    expect(real.lines.filter((line) => line.includes('"StuckLinks":1'))).toHaveLength(2);
    for (let hour = 0; hour < 7 * 24; hour += 1) {
      await rig.sync({ audit: true });
      real.clock.advance(3_600_000);
    }
    await real.table.client.send(new DeleteItemCommand({ TableName: 'Links', Key: { pk: { S: pk } } }));
  });

  it('a process that knows the segments to be finished asks the table no more', async () => {
    const rig = deploy(samplePermissions);
    await evaluated(rig);
    real.table.calls.length = 0;
    await rig.sync({ sweep: true });
    expect(real.table.calls.filter((name) => /Scan|Update/.test(JSON.stringify(name)))).toEqual([]);
  });

  it('the way back to the earlier rules reaches everybody too, also within a minute', async () => {
    await announce(deploy(samplePermissions), 20, () => staff);
    const narrow = deploy(stricter);
    await narrow.sync({ sweep: true });
    expect(await signIn(narrow, userOf(0))).toMatchObject({ status: 200 });
    const back = deploy(samplePermissions);
    await evaluated(back);
    for (let index = 0; index < 20; index += 1) expect(grantAtMaiAgent(back, userOf(index))).toEqual(granted(wide));
  });

  it('what an earlier function wrote behind the first pass is evaluated again by the second', async () => {
    const earlier = deploy(samplePermissions);
    await announce(earlier, 1, () => guest);
    const rig = deploy(stricter);
    await rig.settle();
    await say(earlier, event('updated', userOf(0), 2, staff));
    // The earlier function's own sync confirms it, so nothing is due any more.
    await earlier.sync({ sweep: true });
    expect(grantAtMaiAgent(rig, userOf(0))).toEqual(granted(wide));
    real.clock.advance(SECOND_PASS_AFTER_MS);
    await rig.settle();
    expect(grantAtMaiAgent(rig, userOf(0))).toEqual(granted(public_));
  });

  it('what an earlier function wrote is sent by the settings of the later one', async () => {
    const earlier = deploy(samplePermissions);
    await announce(earlier, 1, () => guest);
    const rig = deploy(stricter);
    await evaluated(rig);
    await say(earlier, event('updated', userOf(0), 2, staff));
    const from = real.emulator.calls.length;
    await rig.settle();
    expect(real.emulator.calls.slice(from)).toEqual([]);
    expect(grantAtMaiAgent(rig, userOf(0))).toEqual(granted(public_));
  });

  it('the audit compares with the settings, whatever the row says', async () => {
    const earlier = deploy(samplePermissions);
    await announce(earlier, 1, () => staff);
    const rig = deploy(stricter);
    for (let hour = 0; hour < 7 * 24; hour += 1) {
      await rig.sync({ audit: true });
      real.clock.advance(3_600_000);
    }
    await earlier.sync({ sweep: true });
    expect(grantAtMaiAgent(rig, userOf(0))).toEqual(granted(public_));
  });
});

describe('a function of an earlier deployment', () => {
  it('answers what the row says, and refuses what is new with 503 until a later function takes it', async () => {
    const earlier = deploy(samplePermissions);
    await announce(earlier, 1, () => staff);
    const rig = deploy(stricter);
    await evaluated(rig);
    expect(await signIn(rig, userOf(0))).toMatchObject({ status: 200 });
    expect(await signIn(earlier, userOf(0))).toMatchObject({ status: 200, body: { outcome: 'unchanged' } });
    const disable = event('disabled', userOf(0), 2);
    const refused = await earlier.webhook(disable, { id: `${story}-disable` });
    expect(refused).toMatchObject({ status: 503, body: { code: 'settings_outdated' } });
    expect(refused.headers['retry-after']).toBe('1');
    expect((await rig.link(userOf(0)))?.accountStatus).toBe('active');
    expect(await rig.webhook(disable, { id: `${story}-disable` })).toMatchObject({ status: 202 });
    expect(await signIn(earlier, userOf(0))).toMatchObject({ status: 403 });
  });

  it('evaluates nothing again', async () => {
    const earlier = deploy(samplePermissions);
    await announce(earlier, 1, () => staff);
    const rig = deploy(stricter);
    await evaluated(rig);
    earlier.finished.clear();
    await earlier.settle();
    expect(real.lines.join('\n')).toContain('"SettingsOutdated":1');
    expect(grantAtMaiAgent(rig, userOf(0))).toEqual(granted(public_));
  });
});

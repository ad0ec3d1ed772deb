import { gzipSync } from 'node:zlib';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DynamoBroadcastTable } from '../../functions/io/broadcasts/broadcast-table.ts';
import { itemsIn, scanPages } from '../../functions/io/aws/items.ts';
import { broadcastBodySchema, newBroadcast } from '../../functions/rules/broadcasts/broadcast.ts';
import { isErased } from '../../functions/rules/contacts/link.ts';
import { receiptOf } from '../../functions/rules/erasure/receipt.ts';
import { ChangeRig, event, sampleSources } from '../rigs/change-rig.ts';
import { call } from '../rigs/gateway-event.ts';
import { startDeps, type RealDeps } from '../rigs/real-parts.ts';
import { expectOneLine, run } from '../runner/broadcast-stub.ts';
import { standLocally } from './local-stand.ts';

let real: RealDeps;
let rig: ChangeRig;
let stand: Awaited<ReturnType<typeof standLocally>>;
const objects: { key: string; body: string }[] = [];
beforeAll(async () => {
  real = await startDeps({ settings: { sources: sampleSources } });
  rig = new ChangeRig(real);
  stand = await standLocally(real, () => ({ objects, lines: real.lines }));
});
afterAll(async () => {
  stand.close();
  await real.close();
});

const people = ['talker', 'silent', 'visitor', 'quarantined', 'written-to'] as const;
type Who = (typeof people)[number];
const idOf = (who: Who) => `planted-${who}-person`;
/** Ten texts of each of the five; the last is what nobody can read of them. */
const textsOf = (who: Who): readonly string[] => [
  idOf(who),
  `Name-Örtlich of ${who}`,
  `mail-of-${who}@corp.example`,
  `+88690000${people.indexOf(who)}777`,
  `https://corp.example/picture-of-${who}.png`,
  `role-of-${who}`,
  `group-of-${who}`,
  `office-of-${who}`,
  `token-name-of-${who}`,
  `illegible-of-${who}`,
];
const planted = people.flatMap(textsOf);

interface Found {
  readonly where: string;
  readonly at: string;
  readonly path: string;
  readonly around: string;
  readonly text: number;
}

async function search(): Promise<{ found: Found[]; code: number; searched: Record<string, number> }> {
  const { code, out } = await run(['search', ...planted, '--json', '--local', stand.url]);
  return { code: code ?? -1, ...(JSON.parse(out) as { found: Found[]; searched: Record<string, number> }) };
}

const exported = async (who: Who) => run(['export', idOf(who), '--local', stand.url]);

/** Every place with each text in it, by no code of the search: rows, objects, lines and contacts as JSON, and what of it is base64 once more. */
async function plainScan(): Promise<string[]> {
  const places: string[] = [];
  const look = (where: string, value: unknown): void => {
    const json = JSON.stringify(value);
    const decoded = [...json.matchAll(/"([\w+/]{40,}={0,2})"/g)].map(([, text = '']) =>
      Buffer.from(text, 'base64').toString(),
    );
    const all = `${json.replaceAll('\\"', '"')} ${decoded.join(' ')}`;
    planted.forEach((text, index) => all.includes(text) && places.push(`${where} [${index + 1}]`));
  };
  for (const TableName of ['Links', 'Broadcasts'])
    for await (const item of itemsIn(scanPages(real.table.client, { TableName, ConsistentRead: true }))) {
      const row = unmarshall(item);
      look(`table ${TableName} ${[row['pk'], row['sk']].filter(Boolean).join(' ')}`, row);
    }
  for (const object of objects) look(`bucket quarantine ${object.key}`, object);
  real.lines.forEach((line) => look('log', line));
  for (const contact of real.emulator.store.liveContacts) look(`maiagent ${contact.id}`, contact);
  return [...new Set(places)].toSorted();
}

const asPlaces = (found: readonly Found[]) =>
  [
    ...new Set(found.map(({ where, at, text }) => (where === 'log' ? `log [${text}]` : `${where} ${at} [${text}]`))),
  ].toSorted();

async function plant(): Promise<void> {
  const visit = await call(real.job(), { routeKey: 'POST /v1/visitors', body: {} });
  const { visitorToken, contactId } = visit.body as Record<string, string>;
  real.emulator.store.addConversation(contactId!);
  for (const who of people) {
    const [userId = '', name, email, phoneNumber, avatar, role, group, office, tokenName, illegible] = textsOf(who);
    const fields = { name, email, phoneNumber, avatar, roles: [role], groups: [group], attributes: { office } };
    await rig.webhook(event('created', userId, 1, fields), { id: `event-of-${userId}` });
    const claims = { sub: userId, name: tokenName, roles: [role], iat: 1_760_000_000 };
    const body = who === 'visitor' ? { visitorToken } : {};
    await call(real.job(), { routeKey: 'POST /v1/identity', claims, body });
    // What nobody can read: one as the webhook sent it, and one whose text is packed once more.
    const packed = gzipSync(JSON.stringify({ illegible })).toString('base64');
    const note = who === 'quarantined' ? { packed } : { note: illegible };
    await rig.webhook(
      { id: `illegible-${userId}`, data: { who: [`users/${userId}`], ...note } },
      { id: `odd-${userId}` },
    );
  }
  await rig.settle();
  real.emulator.store.addConversation(rig.contactsOf(idOf('talker'))[0]!.id);
  const image = { userId: { S: idOf('quarantined') }, name: { S: textsOf('quarantined')[1] } };
  const payload = JSON.stringify({ Records: [{ dynamodb: { NewImage: image } }] });
  objects.push({ key: 'aws/lambda/mapping/shard/2026/01/01/batch', body: JSON.stringify({ payload }) });
  await writeTo(idOf('written-to'));
}

async function writeTo(userId: string): Promise<void> {
  const ledgers = new DynamoBroadcastTable(real.table.client, 'Broadcasts', 'Links');
  const { contactId = '' } = (await rig.link(userId))!;
  const audience = { kind: 'users', userIds: [userId], except: { contactIds: [contactId] } } as const;
  const broadcast = newBroadcast('sample', broadcastBodySchema.parse({ message: 'Hello', audience }), 1, undefined);
  const one = { pk: `user#${userId}`, contactId, state: 'sent', at: 1, messageId: 'm', conversationId: 'c' } as const;
  const batch = { pk: 'run#sample#2026-01-01T00:00:00Z', sk: 'batch#0000000', revision: 1, recipients: [one] };
  await ledgers.commit([{ before: undefined, after: broadcast }]);
  await ledgers.commit([{ before: undefined, after: batch }]);
}

async function eraseAll(): Promise<void> {
  for (const who of people) await rig.webhook(event('deleted', idOf(who), 2), { id: `end-of-${idOf(who)}` });
  for (let sweeps = 0; sweeps < 20; sweeps += 1) {
    await rig.sync({ sweep: true });
    if ((await rig.links()).every((link) => isErased(link) && link.dueAt === undefined)) return;
    real.clock.advance(120_000);
  }
  throw new Error('something is still to be erased');
}

/** What a receipt calls the place, by the key of a row. */
const namedAs: Readonly<Record<string, string>> = {
  'table Links user': 'tombstone',
  // Which contact was whose stays with the tombstone, so that nobody is given it again.
  'table Links contact': 'tombstone',
  'table Links event': 'event_receipts',
  'bucket quarantine aws/lambda/mapping/shard/2026/01/01/batch': 'bucket',
};

it(
  'of fifty planted texts of five erased people a search finds what the receipts name, and nothing else',
  { timeout: 120_000 },
  async () => {
    await plant();
    const before = await search();
    expect(before.code).toBe(2);
    expect([...new Set(before.found.map(({ text }) => text))].toSorted((a, b) => a - b)).toEqual(
      planted.map((_, at) => at + 1),
    );
    expect(before.found.some(({ path }) => path.startsWith('record.body(base64)'))).toBe(true);
    // The packed text is what only the search can read.
    const missing = asPlaces(before.found).filter(
      (one) => !one.endsWith(`[${planted.indexOf('illegible-of-quarantined') + 1}]`),
    );
    expect(missing).toEqual(await plainScan());
    for (const who of people) {
      const { code, out } = await exported(who);
      expect([who, code, textsOf(who).filter((text) => !out.includes(text))]).toEqual([
        who,
        0,
        who === 'quarantined' ? [textsOf(who)[9]] : [],
      ]);
      const others = people.filter((one) => one !== who).flatMap(textsOf);
      expect(others.filter((text) => out.includes(text))).toEqual([]);
    }

    await eraseAll();
    const after = await search();
    expect(asPlaces(after.found)).toEqual(await plainScan());
    const links = await rig.links();
    for (const { where, at, text, path } of after.found) {
      const who = people[Math.floor((text - 1) / 10)]!;
      const receipt = receiptOf(
        links.find(({ pk }) => pk === `user#${idOf(who)}`)!,
        { quarantineDays: 400, logRetentionDays: 30, sources: [] },
      );
      const named = namedAs[`${where} ${at.split('#')[0]}`];
      expect(
        receipt?.left.map((one) => one.where),
        `${where} ${at} ${path}`,
      ).toContain(named);
      // The id stays, and a batch that the stream gave up; no other text of anybody.
      if (named !== 'bucket') expect(planted[text - 1]).toBe(idOf(who));
    }
    expect(after.searched).toMatchObject({
      'table Links': expect.any(Number),
      maiagent: expect.any(Number),
      log: real.lines.length,
    });
  },
);

it('a search ends with 0 where nothing is found, and with 1 where a place cannot be read', async () => {
  const nowhere = await run(['search', 'nobody-has-this', '--local', stand.url]);
  expect([nowhere.code, nowhere.out]).toEqual([
    0,
    expect.stringMatching(/^nothing was found; looked through \d+ in table Links, .*, \d+ in maiagent\n$/),
  ]);
  expect(nowhere.err).toMatch(/^maiagent: \d+ looked through, 0 found so far$/m);
  expectOneLine(await run(['search', 'ab', '--local', stand.url]), /at least 3 characters/);
  await real.emulator.goDown('refuse');
  const { code, err } = await run(['search', 'nobody-has-this', '--local', stand.url]);
  await real.emulator.goUp();
  expect(code).toBe(1);
  expect(err).toContain('did not answer');
});

it('an export shows no lease, mark or hash, and says where nothing is held', async () => {
  await rig.webhook(event('created', 'exported-person', 1, { name: 'Sample', roles: [] }));
  const { out } = await run(['export', 'exported-person', '--local', stand.url]);
  expect(JSON.parse(out)).toMatchObject({
    userId: 'exported-person',
    held: expect.arrayContaining([
      { where: 'table Links', at: 'user#exported-person', value: expect.objectContaining({ accountStatus: 'active' }) },
    ]),
  });
  expect(out).not.toMatch(/lease|Hash"|(settled|revised|kept)By"|mcpCredentials/);
  expectOneLine(await run(['export', 'nobody', '--local', stand.url]), /nothing is held of this user/);
});

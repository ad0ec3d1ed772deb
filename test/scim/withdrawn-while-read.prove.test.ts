import { afterAll, beforeAll, expect, it } from 'vitest';
import type { BatchGetItemInput, BatchGetItemOutput } from '@aws-sdk/client-dynamodb';
import { startDeps, type RealDeps } from '../rigs/real-parts.ts';
import { sampleUser, ScimRig } from '../rigs/scim-rig.ts';

/** More than a request carries itself. */
const MANY = 101;

let real: RealDeps;
let rig: ScimRig;
beforeAll(async () => {
  real = await startDeps();
  rig = new ScimRig(real);
});
afterAll(() => real.close());

/** A user who has an id, and the permissions of a group that the directory is taking away from many. */
async function losing(name: string): Promise<string> {
  const users = await Promise.all(
    Array.from({ length: MANY }, (_, at) => rig.ask('POST Users', { body: sampleUser(`${name}-${at}`) })),
  );
  const members = users.map(({ body }) => ({ value: body.id as string }));
  const { body } = await rig.ask('POST Groups', { body: { displayName: 'partners', members } });
  await carry();
  expect((await rig.identify(`oid-${name}-0`)).status).toBe(200);
  expect((await rig.ask(`DELETE Groups/${body.id as string}`)).status).toBe(204);
  return `oid-${name}-0`;
}

async function carry(): Promise<void> {
  real.clock.advance(60_000);
  await rig.carry();
}

type Send = (keys: readonly string[]) => Promise<BatchGetItemOutput>;

/** Reads of a link with the withdrawals go through `way` until the answer is there; answers of which keys each was. */
async function identifyBy(
  userId: string,
  claims: object,
  way: (number: number, keys: readonly string[], send: Send) => ReturnType<Send>,
) {
  const reads: (readonly string[])[] = [];
  const { middlewareStack } = real.table.client;
  middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        const { RequestItems = {} } = args.input as BatchGetItemInput;
        const keys = (RequestItems['Links']?.Keys ?? []).map(({ pk }) => pk?.S ?? '');
        if (commandName !== 'BatchGetItemCommand' || !keys.some((key) => key.startsWith('scim-withdrawn#')))
          return next(args);
        const send: Send = async (some) => {
          const Keys = some.map((pk) => ({ pk: { S: pk } }));
          const input = { RequestItems: { Links: { ...RequestItems['Links'], Keys } } };
          return (await next({ ...args, input })).output as BatchGetItemOutput;
        };
        return { output: await way(reads.push(keys), keys, send), response: undefined } as never;
      },
    { step: 'initialize', name: 'way' },
  );
  try {
    return { ...(await rig.identify(userId, { ...claims })), reads };
  } finally {
    middlewareStack.remove('way');
  }
}

it('a reply that leaves the withdrawals out says nothing of the link either', async () => {
  const userId = await losing('left-out');
  const { status, reads } = await identifyBy(userId, {}, async (number, keys, send) => {
    if (number > 1) return send(keys);
    const left = keys.filter((key) => key.startsWith('scim-withdrawn#'));
    const output = await send(keys.filter((key) => !left.includes(key)));
    // All is carried before the rest is read, and the link has lost what it was read with.
    await carry();
    return { ...output, UnprocessedKeys: { Links: { Keys: left.map((pk) => ({ pk: { S: pk } })) } } };
  });
  // Nobody is answered whose contact may still do what was taken away.
  const link = await rig.link(userId);
  expect(link?.confirmedPermissions).toBe(link?.desiredPermissions);
  expect([status, reads.every((keys) => keys.length === 2)]).toEqual([200, true]);
});

it('a reply that read the link before it was carried finds the withdrawal, though nobody is pending any more', async () => {
  const userId = await losing('torn');
  const { status, reads } = await identifyBy(userId, {}, async (_number, keys, send) => {
    const [links, others] = [keys.slice(0, 1), keys.slice(1)];
    const early = await send(links);
    await carry();
    const late = await send(others);
    return { ...late, Responses: { Links: [early, late].flatMap(({ Responses }) => Responses?.['Links'] ?? []) } };
  });
  expect([status, reads.length]).toEqual([503, 1]);
  expect((await rig.identify(userId)).status).toBe(200);
  const ends = async () => ((await real.table.rows()) as { entries?: unknown }[]).some(({ entries }) => entries);
  expect(await ends()).toBe(true);
  await carry();
  expect(await ends()).toBe(false);
});

it('a withdrawal that ends between the write of a sign-in and its answer does not let the earlier row answer', async () => {
  const userId = await losing('written');
  const news = { 'https://corp.example/country': 'JP' };
  const { status, reads } = await identifyBy(userId, news, async (number, keys, send) => {
    // The first minute takes it from everybody, the second ends the withdrawal.
    if (number === 2) await carry().then(carry);
    return send(keys);
  });
  expect(reads.length).toBe(2);
  expect(status).toBe(503);
  expect((await rig.identify(userId)).status).toBe(200);
});

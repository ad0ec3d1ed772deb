import { BatchWriteItemCommand } from '@aws-sdk/client-dynamodb';
import { BroadcastRig } from '../rigs/broadcast-rig.ts';
import { ChangeRig } from '../rigs/change-rig.ts';
import { isOutstanding } from '../../functions/rules/contacts/link.ts';
import { call } from '../rigs/gateway-event.ts';
import { startDeps, type RealDeps } from '../rigs/real-parts.ts';
import { benchReevaluate } from './reevaluate.ts';
import { exponentOf, median } from './statistics.ts';
import { plainSettings, returning } from './subjects.ts';

/** What this process computed for a work, in ms. The engine is another one; of a broadcast the emulator's own computing is in it. */
async function computed(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

type Note = (what: string, size: number, ms: number) => void;

/** As many rows as the import's command hands over at once, and as AWS takes in one call. */
const ROWS = 100;
const BATCH = 25;
/** Each size is tried so often, in turn, and the exponent is that of all of them. */
const ROUNDS = 3;

/** What grows with its size, at several sizes, and by which exponent. */
export async function benchGrowth(sizes: readonly number[], say: (text: string) => void): Promise<object> {
  const costs: Record<string, [size: number, ms: number][]> = {};
  const note: Note = (what, size, ms) => {
    (costs[what] ??= []).push([size, ms]);
    say(`${what}, ${size}: ${Math.round(ms)} ms of computing, ${((ms * 1_000) / size).toFixed(0)} µs for each`);
  };
  for (const work of [kept, sent, evaluated]) {
    // The first time compiles what the others use.
    await work(Math.max(...sizes), () => undefined);
    for (let round = 0; round < ROUNDS; round += 1) for (const size of sizes) await work(size, note);
  }
  const exponents = Object.fromEntries(
    Object.entries(costs).map(([what, points]) => [what, Math.round(exponentOf(points) * 1_000) / 1_000]),
  );
  for (const [what, exponent] of Object.entries(exponents)) say(`${what}: exponent ${exponent}, where 1 is linear`);
  return { costs, exponents };
}

/** A sign-in, which must not depend on how many links there are, over tables of these sizes. */
export async function benchSignIns(tables: readonly number[], say: (text: string) => void): Promise<object> {
  const signIns = await signInsOver(tables);
  for (const { links, us, ratio } of signIns)
    say(`a sign-in over ${links} links: ${us} µs of computing, ${ratio.toFixed(2)} of that over ${tables[0]}`);
  return { signIns };
}

/** A file, the sweeps that make its contacts, and an audit of them all; MaiAgent's emulator computes in the same process. */
async function kept(size: number, note: Note): Promise<void> {
  const real = await startDeps();
  try {
    const rig = new ChangeRig(real, { auditDays: 1 });
    const rows = Array.from({ length: size }, (_, index) => ({
      text: JSON.stringify({ userId: `member-${index}`, version: 1, name: `Sample ${index}`, roles: ['staff'] }),
    }));
    const all = async (): Promise<void> => {
      for (let at = 0; at < size; at += ROWS) await rig.hear({ import: 'generic', rows: rows.slice(at, at + ROWS) });
    };
    note('import', size, await computed(all));
    const sweeps = async (): Promise<void> => {
      while ((await rig.links()).some(isOutstanding)) await rig.sync({ sweep: true });
    };
    note('sweeping', size, await computed(sweeps));
    const hours = async (): Promise<void> => {
      for (let hour = 0; hour < 24 * rig.settings.auditDays; hour += 1) {
        real.clock.advance(3_600_000);
        await rig.sync({ audit: true });
      }
    };
    note('audit', size, await computed(hours));
  } finally {
    await real.close();
  }
}

async function sent(size: number, note: Note): Promise<void> {
  const rig = await BroadcastRig.start();
  try {
    const { broadcastId } = await rig.sentNow(size);
    note('planning and sending', size, await computed(() => rig.settle(broadcastId)));
  } finally {
    await rig.close();
  }
}

/** Of ten times as many: a pass reads 64 segments, however few links are in them. */
async function evaluated(size: number, note: Note): Promise<void> {
  const spent = await benchReevaluate(size * 10, () => undefined);
  note('re-evaluation', size * 10, spent.computed * 1_000);
}

/** The computing of one sign-in over tables of these sizes, in rounds in turn, so that the machine's moods meet all of them. */
async function signInsOver(tables: readonly number[]) {
  const all: { links: number; real: RealDeps; batches: number[] }[] = [];
  try {
    for (const links of tables) {
      const real = await startDeps({ settings: plainSettings });
      all.push({ links, real, batches: [] });
      await fill(real, links);
    }
    for (let round = 0; round < 21; round += 1)
      for (const one of all) one.batches.push((await computed(() => signIns(one.real, one.links, round))) / PER_BATCH);
    // The first rounds compile.
    const medians = all.map(({ batches }) => median(batches.slice(3)));
    return all.map(({ links }, index) => ({
      links,
      us: Math.round(medians[index]! * 1_000),
      ratio: median(all[index]!.batches.slice(3).map((ms, round) => ms / all[0]!.batches[round + 3]!)),
    }));
  } finally {
    await Promise.all(all.map(({ real }) => real.close()));
  }
}

const PER_BATCH = 200;
const userAt = (index: number): string => `member-${index}`;
const [{ Item: known }] = [returning(plainSettings).canned['GetItem'] as { Item: Record<string, { S: string }> }];
const claims = { name: 'Sample Member', email: 'member@corp.example', roles: ['staff'], iat: 1_760_000_000 };

async function signIns(real: RealDeps, links: number, round: number): Promise<void> {
  const job = real.job();
  for (let at = 0; at < PER_BATCH; at += 1) {
    const sub = userAt((round * 7_919 + at * 104_729) % links);
    const { body } = await call(job, { routeKey: 'POST /v1/identity', claims: { ...claims, sub }, body: {} });
    if (body.outcome !== 'unchanged') throw new Error(`a returning user was ${String(body.outcome)}`);
  }
}

/** Rows of users who were here before, all alike but for who they are. */
async function fill({ table }: RealDeps, links: number): Promise<void> {
  const waiting = Array.from({ length: Math.ceil(links / BATCH) }, (_, batch) => batch * BATCH);
  const worker = async (): Promise<void> => {
    for (let from = waiting.pop(); from !== undefined; from = waiting.pop()) {
      const Links = Array.from({ length: Math.min(BATCH, links - from) }, (_, index) => {
        const userId = userAt(from + index);
        return { PutRequest: { Item: { ...known, pk: { S: `user#${userId}` }, sourceId: { S: userId } } } };
      });
      await table.client.send(new BatchWriteItemCommand({ RequestItems: { Links } }));
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
}

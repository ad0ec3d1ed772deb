import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { startEndpoint, type Endpoint } from './remote.ts';
import { intervalOf, median, type Interval } from './statistics.ts';
import { functionEnv } from './subjects.ts';
import { makeVariants, writePlan, type Variant } from './variants.ts';

interface Spent {
  readonly cpu: number;
  readonly wall: number;
}

/** What one process of `sample.cjs` measured, in µs and bytes. */
interface Sample {
  readonly init: Spent;
  readonly first: Spent;
  readonly warm?: number;
  readonly memory: number;
  readonly answer: { readonly statusCode: number; readonly body: string };
}

export interface Wish {
  readonly rounds: number;
  /** The calls that are measured after the first one; 0 for cold starts. */
  readonly calls: number;
  /** Only these variants, beside their baselines. */
  readonly only: readonly string[];
  /** Whether baselines are measured that the project does not depend on. */
  readonly outside: boolean;
  /** The memory of the function whose share of a processor each call gets, in MB. */
  readonly memoryMb?: number | undefined;
}

/** A figure of a variant: its median, and the ratio to the baseline of the same round. */
export interface Figure {
  readonly median: number;
  readonly ratio: Interval;
}
export interface Row {
  readonly name: string;
  readonly over: string;
  readonly kilobytes: number;
  readonly megabytes: number;
  readonly figures: Readonly<Record<string, Figure>>;
}

const WARM_UP = 500;
/** Lambda gives one processor for 1,769 MB (AWS, "Configure Lambda function memory"). */
const MB_OF_A_PROCESSOR = 1_769;
const PERIOD_US = 20_000;

/** Measures the variants in rounds, each round each of them once and in another order, every sample in a fresh process. */
export async function measure(wish: Wish, say: (text: string) => void): Promise<Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'contact-bridge-bench-'));
  const endpoint = await startEndpoint(folder);
  const group = wish.memoryMb === undefined ? undefined : throttledGroup(wish.memoryMb);
  try {
    const all = await makeVariants(folder, wish.outside);
    const wished = all.filter(({ name }) => wish.only.length === 0 || wish.only.includes(name));
    const variants = all.filter(({ name }) => wished.some((one) => one.name === name || one.over === name));
    const samples = new Map<string, Sample[]>(variants.map(({ name }) => [name, []]));
    for (let round = 0; round < wish.rounds; round++) {
      const shift = round % variants.length;
      const order = [...variants.slice(shift), ...variants.slice(0, shift)];
      for (const variant of round % 2 === 0 ? order : order.toReversed()) {
        const sample = await measured(variant, folder, endpoint, { ...wish, group: group?.procs });
        samples.get(variant.name)!.push(sample);
      }
      say(`round ${round + 1} of ${wish.rounds}`);
    }
    return variants.map((variant) => rowOf(variant, samples));
  } finally {
    endpoint.close();
    group?.remove();
    await rm(folder, { recursive: true, force: true });
  }
}

async function measured(
  variant: Variant,
  folder: string,
  endpoint: Endpoint,
  { calls, group }: { calls: number; group: string | undefined },
): Promise<Sample> {
  await endpoint.answer(variant.canned);
  const [events, warmUp] = [variant.events(), calls > 0 ? WARM_UP : 0];
  const plan = await writePlan(join(folder, 'plan.json'), { events, warmUp, calls, group });
  const sample = await run(variant.file, plan, {
    // What Lambda gives, and what the stack says.
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'sample',
    AWS_SECRET_ACCESS_KEY: 'sample',
    AWS_SESSION_TOKEN: 'sample',
    LAMBDA_TASK_ROOT: variant.file.replace(/\/[^/]*$/, ''),
    AWS_ENDPOINT_URL_DYNAMODB: endpoint.url,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: endpoint.url,
    NODE_EXTRA_CA_CERTS: endpoint.certificate,
    ...functionEnv,
    ...(variant.name === 'no store' && { MAIAGENT_BASE_URL: endpoint.url }),
    ...variant.env,
  });
  const asked = (await endpoint.answer({})).filter((name) => name !== 'GetSecretValue');
  const whole = (1 + warmUp + calls) * variant.calls.length;
  if (
    ![200, 202].includes(sample.answer.statusCode) ||
    asked.length < whole ||
    asked.length > whole + variant.calls.length
  )
    throw new Error(
      `${variant.name} answered ${JSON.stringify(sample.answer)} after ${asked.length} calls, not ${whole}`,
    );
  return sample;
}

async function run(file: string, plan: string, env: Readonly<Record<string, string>>): Promise<Sample> {
  const measuring = fileURLToPath(new URL('sample.cjs', import.meta.url));
  const child = spawn(process.execPath, [measuring, file, plan], {
    env,
    stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
  });
  // A control group can be removed once nobody is in it.
  const [measured] = await Promise.all([text(child.stdio[3] as Readable), once(child, 'exit')]);
  return JSON.parse(measured) as Sample;
}

/** A control group with so much of a processor as a function of this memory has. Needs the rights of the superuser. */
function throttledGroup(memoryMb: number) {
  const quota = Math.round((PERIOD_US * memoryMb) / MB_OF_A_PROCESSOR);
  const name = `contact-bridge-bench-${process.pid}`;
  const [first, second] = [`/sys/fs/cgroup/cpu/${name}`, `/sys/fs/cgroup/${name}`];
  const made = (place: string, files: Record<string, string>) => {
    mkdirSync(place);
    for (const [file, content] of Object.entries(files)) writeFileSync(join(place, file), content);
    return { procs: join(place, 'cgroup.procs'), remove: () => rmdirSync(place) };
  };
  try {
    return made(first, { 'cpu.cfs_period_us': `${PERIOD_US}`, 'cpu.cfs_quota_us': `${quota}` });
  } catch {
    return made(second, { 'cpu.max': `${quota} ${PERIOD_US}` });
  }
}

const figures: Readonly<Record<string, (sample: Sample) => number | undefined>> = {
  'cold CPU': ({ init, first }) => init.cpu + first.cpu,
  'init CPU': ({ init }) => init.cpu,
  'first call CPU': ({ first }) => first.cpu,
  'cold wall': ({ init, first }) => init.wall + first.wall,
  // What a person waits for at 512 MB, if nothing else takes the processor: from the first call on there is a share of one.
  'cold at 512 MB': ({ init, first }) => init.cpu + (first.cpu * MB_OF_A_PROCESSOR) / 512,
  'warm CPU': ({ warm }) => warm,
};

function rowOf({ name, over, kilobytes }: Variant, samples: ReadonlyMap<string, readonly Sample[]>): Row {
  const own = samples.get(name)!;
  const base = samples.get(over)!;
  const entries = Object.entries(figures).flatMap(([figure, of]) => {
    const values = own.map(of);
    if (values.some((value) => value === undefined)) return [];
    const ratios = own.map((sample, round) => of(sample)! / of(base[round]!)!);
    return [[figure, { median: median(values as number[]), ratio: intervalOf(ratios) }] as const];
  });
  const megabytes = Math.round(median(own.map(({ memory }) => memory)) / 1e6);
  return { name, over, kilobytes, megabytes, figures: Object.fromEntries(entries) };
}

import { randomInt } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { proveDelivery } from '../../functions/rules/sources/source.ts';
import {
  example,
  kindOf,
  nowMs,
  secretOf,
  senders,
  sign,
  sources,
  type Headers,
  type Sender,
} from '../rules/sources/source-rig.ts';

/*
 * `npm run prove -- --only refusal-times`: does the time of a refusal tell how much of a proof was right? For each source that shares a secret two
 * wrong proofs are refused in a random order: one is wrong in its first sign, the other in its last. Welch's t says how sure it is
 * that their times differ; from 4.5 on it counts as a leak (the threshold of "Dude, is my code constant time?", Reparaz et al. 2017).
 * The same with a comparison that stops at the first wrong sign shows that a leak would be seen.
 */
const ROUNDS = 100_000;
const LEAK_T = 4.5;
/** The slowest tenth is the machine's own doing. */
const KEPT = 0.9;

type Refuse = (headers: Headers) => Promise<unknown>;

const bodies: Readonly<Record<string, Buffer>> = {
  generic: example('generic', 'user-updated'),
  clerk: example('clerk', 'user-updated'),
  auth0: example('auth0', 'user-created'),
  workos: example('workos', 'dsync-user-created'),
  keycloak: example('keycloak', 'user-create'),
};
const bodyOf = (sender: Sender): Buffer => bodies[kindOf(sender)] ?? Buffer.of();

function refusalOf(sender: Sender): Refuse {
  const [body, secrets] = [bodyOf(sender), [secretOf(sender)]];
  return (headers) => proveDelivery(sources[sender], secrets, { header: (name) => headers[name], body, nowMs });
}

/** The right proof with its first sign changed, and with its last one. */
async function forgedProofs(sender: Sender): Promise<readonly [Headers, Headers]> {
  const right = await sign(sender, bodyOf(sender));
  const [name = '', proof = ''] = Object.entries(right).find(([key]) => /signature|authorization/.test(key)) ?? [];
  const first = /^(v1,|Bearer |t=\d+, v1=)?/.exec(proof)?.[0].length ?? 0;
  // The very last sign of base64 has bits that mean nothing.
  const last = proof.replace(/=+$/, '').length - 2;
  return [
    { ...right, [name]: spoilt(proof, first) },
    { ...right, [name]: spoilt(proof, last) },
  ];
}

const spoilt = (proof: string, at: number): string =>
  proof.slice(0, at) + (proof[at] === 'a' ? 'b' : 'a') + proof.slice(at + 1);

/** How long each of the two takes, in ns, without the slowest. */
async function timesOf(refuse: Refuse, proofs: readonly [Headers, Headers]): Promise<readonly [number[], number[]]> {
  const times: [number[], number[]] = [[], []];
  for (let round = -ROUNDS / 10; round < 2 * ROUNDS; round += 1) {
    const which = randomInt(2) as 0 | 1;
    const begun = performance.now();
    await refuse(proofs[which]);
    const ns = (performance.now() - begun) * 1e6;
    if (round >= 0) times[which].push(ns);
  }
  const limit = times.flat().toSorted((a, b) => a - b)[Math.floor(2 * ROUNDS * KEPT)] ?? Infinity;
  return [times[0].filter((ns) => ns < limit), times[1].filter((ns) => ns < limit)];
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
function spread(values: readonly number[]): number {
  const middle = mean(values);
  return values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1) / values.length;
}

function print(what: string, ...figures: string[]): void {
  process.stdout.write(`${what.padEnd(24)}${figures.map((figure) => figure.padStart(8)).join('')}\n`);
}

async function measure(what: string, sender: Sender, refuse: Refuse): Promise<boolean> {
  const [first, last] = await timesOf(refuse, await forgedProofs(sender));
  const apartNs = mean(last) - mean(first);
  const t = apartNs / Math.sqrt(spread(first) + spread(last));
  print(what, mean(first).toFixed(0), apartNs.toFixed(1), t.toFixed(1));
  return Math.abs(t) >= LEAK_T;
}

print('source', 'ns', 'apart', 't');
const leaks: string[] = [];
for (const sender of senders.filter((one) => one !== 'bearer'))
  if (await measure(sender, sender, refusalOf(sender))) leaks.push(sender);
const secret = (await sign('hmac', bodyOf('hmac')))['x-keycloak-signature'] ?? '';
const leaky: Refuse = async (headers) => {
  await refusalOf('hmac')(headers);
  const given = headers['x-keycloak-signature'] ?? '';
  for (let at = 0; at < secret.length; at += 1) if (secret[at] !== given[at]) return;
};
if (!(await measure('hmac, stopping early', 'hmac', leaky)))
  throw new Error('a leak that is there was not seen: run this on a machine with less to do');
if (leaks.length > 0) throw new Error(`the time of a refusal tells how right a proof was: ${leaks.join(', ')}`);

import { readdirSync, readFileSync } from 'node:fs';
import { startBridge, type Bridge } from '../../local/bridge.ts';
import { median } from './statistics.ts';

/** Callers at once, each of which asks again as soon as it was answered. */
const CALLERS = [1, 4, 16, 64];
const PEOPLE = 64;

/** Known people who sign in at the local stack, with more and more at once: answers a second, how long they take, and which processes compute meanwhile. */
export async function benchSaturation(calls: number, say: (text: string) => void): Promise<object> {
  const bridge = await startBridge({ port: 0, quiet: true });
  try {
    const claims = { name: 'Sample', roles: ['staff'] };
    const tokens = await Promise.all(
      Array.from({ length: PEOPLE }, (_, index) => bridge.token(`person-${index}`, { claims })),
    );
    for (const token of tokens) await signIn(bridge, token);
    // The first calls compile.
    await crowd(bridge, tokens, 8, calls);
    const loads: object[] = [];
    for (const callers of CALLERS) {
      const before = spent();
      const startedMs = performance.now();
      const { ms, refused } = await crowd(bridge, tokens, callers, calls);
      const perSecond = Math.round((calls * 1_000) / (performance.now() - startedMs));
      const sorted = ms.toSorted((a, b) => a - b);
      const [p50, p99] = [median(sorted), sorted[Math.floor(sorted.length * 0.99)]!].map(
        (one) => Math.round(one * 10) / 10,
      );
      const shares = sharesOf(before, spent());
      loads.push({ callers, perSecond, p50, p99, refused, shares });
      const where = Object.entries(shares).map(([who, share]) => `${who} ${Math.round(share * 100)} %`);
      say(
        `${callers} at once: ${perSecond} a second, p50 ${p50} ms, p99 ${p99} ms, ${refused} refused; ${where.join(', ')}`,
      );
    }
    return { calls, loads };
  } finally {
    await bridge.close();
  }
}

async function crowd(bridge: Bridge, tokens: readonly string[], callers: number, calls: number) {
  const ms: number[] = [];
  let [next, refused] = [0, 0];
  const caller = async (): Promise<void> => {
    while (next < calls) {
      const token = tokens[next++ % tokens.length]!;
      const startedMs = performance.now();
      if ((await signIn(bridge, token)) !== 200) refused += 1;
      ms.push(performance.now() - startedMs);
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return { ms, refused };
}

async function signIn({ url }: Bridge, token: string): Promise<number> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const response = await fetch(`${url}/v1/identity`, { method: 'POST', headers, body: '{}' });
  await response.arrayBuffer();
  return response.status;
}

type Spent = Readonly<Record<'gateway and callers' | 'functions' | 'tables', number>>;

/** The computing of this process, which is the gateway and the callers, and of all that it started, in clock ticks (Linux, "proc_pid_stat"). */
function spent(): Spent {
  const all = new Map(
    readdirSync('/proc')
      .map((pid) => /^(\d+) \((.*)\) \S (\d+) (.*)$/s.exec(statOf(pid)))
      .filter((found) => found !== null)
      .map(([, pid, name = '', parent, rest = '']) => [pid, { name, parent, times: rest.split(' ').map(Number) }]),
  );
  const isOurs = (pid: string | undefined): boolean =>
    pid === String(process.pid) || (all.has(pid) && isOurs(all.get(pid)!.parent));
  const sum = { 'gateway and callers': 0, functions: 0, tables: 0 };
  for (const [pid, { name, times }] of all) {
    if (!isOurs(pid)) continue;
    const who = pid === String(process.pid) ? 'gateway and callers' : name === 'dynoxide' ? 'tables' : 'functions';
    // Fields 14 and 15, of which the fifth comes first here.
    sum[who] += times[9]! + times[10]!;
  }
  return sum;
}

function statOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    // No process, or one that has ended meanwhile.
    return '';
  }
}

function sharesOf(before: Spent, after: Spent): Record<string, number> {
  const entries = Object.entries(after).map(([who, ticks]) => [who, ticks - before[who as keyof Spent]] as const);
  const all = entries.reduce((total, [, ticks]) => total + ticks, 0);
  return Object.fromEntries(entries.map(([who, ticks]) => [who, Math.round((ticks / all) * 100) / 100]));
}

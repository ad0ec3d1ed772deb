import type { Browser, CDPSession } from 'playwright-core';
import { newContext, startChromium } from '../browser/chromium.ts';
import { sampleContact } from '../browser/sample-tokens.ts';
import { contact, pageHtml, startStubBridge, type StubBridge } from '../browser/stub-bridge.ts';

const throttledBy = 4;
const longMs = 50;
const categories = ['toplevel', 'devtools.timeline', 'v8', 'disabled-by-default-v8.cpu_profiler'];

/** A line of Chromium's trace (Trace Event Format); `tdur` is the time of the thread on a processor, which other programs take nothing from. */
interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur?: number;
  readonly tdur?: number;
  readonly id?: string;
  readonly args: { readonly data?: ProfileChunk & { readonly startTime?: number }; readonly name?: string };
}

/** A piece of the profile: the functions that were seen, and which of them was running at each sample. */
interface ProfileChunk {
  readonly cpuProfile?: { readonly nodes?: readonly ProfileNode[]; readonly samples?: readonly number[] };
  readonly timeDeltas?: readonly number[];
}

interface ProfileNode {
  readonly id: number;
  readonly parent?: number;
  readonly callFrame: { readonly url?: string; readonly functionName: string };
}

interface Sample {
  readonly at: number;
  readonly isLoaders: boolean;
}

/** Opens a chat so often with the script and with the module, each in a browser of its own, and says what the longest task of the loader took. */
export async function benchLoader(loads: number, say: (text: string) => void): Promise<void> {
  const stub = await startStubBridge();
  stub.answer = () => contact(sampleContact('ann'), stub.url);
  const browser = await startChromium();
  try {
    for (const [kind, html] of Object.entries(pages)) {
      stub.html = html;
      const all: Spent[] = [];
      for (let load = 0; load < loads; load += 1) all.push(...(await tasksOf(browser, stub)));
      const longest = (of: (task: Spent) => number) => Math.max(...all.map(of)).toFixed(1);
      say(
        `${kind}: ${loads} loads under a ${throttledBy}-fold throttle, ${all.length} tasks with the loader in them; the longest had ${longest(({ own }) => own)} ms of the loader, ${longest(({ whole }) => whole)} ms of the processor in all, ${longest(({ wall }) => wall)} ms by the clock; ${all.filter(({ own }) => own > longMs).length} over ${longMs} ms`,
      );
    }
  } finally {
    await browser.close();
    await stub.close();
  }
}

const pages = {
  script: pageHtml(),
  module: `<!doctype html><link rel="icon" href="data:,"><body><script type="module">
    import { contactBridge } from '/contact-bridge/latest.mjs';
    window.started = contactBridge.start({ api: location.origin });</script>`,
};

/** One task in which the loader ran, in ms: the loader's share of the processor's time, all of that time, and the clock's. */
interface Spent {
  readonly own: number;
  readonly whole: number;
  readonly wall: number;
}

async function tasksOf(browser: Browser, stub: StubBridge): Promise<Spent[]> {
  const context = await newContext(browser);
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send('Emulation.setCPUThrottlingRate', { rate: throttledBy });
  const events = await traced(session, async () => {
    await page.goto(`${stub.url}/page`);
    await page.waitForFunction('window.started');
    if ((await page.evaluate('started')) !== 'open') throw new Error('the chat did not open');
  });
  await context.close();
  const samples = samplesIn(events);
  const tasks = events.filter(({ name, ph }) => ph === 'X' && name.endsWith('RunTask'));
  return tasks.flatMap(({ ts, dur = 0, tdur = 0 }) => {
    const inside = samples.filter(({ at }) => at >= ts && at <= ts + dur);
    const loaders = inside.filter(({ isLoaders }) => isLoaders).length;
    const [whole, wall] = [tdur / 1000, dur / 1000];
    return loaders > 0 ? [{ own: (whole * loaders) / inside.length, whole, wall }] : [];
  });
}

async function traced(session: CDPSession, use: () => Promise<void>): Promise<TraceEvent[]> {
  const events: TraceEvent[] = [];
  session.on('Tracing.dataCollected', ({ value }) => events.push(...(value as unknown as TraceEvent[])));
  await session.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: { includedCategories: categories },
  });
  await use();
  const complete = new Promise((resolve) => session.once('Tracing.tracingComplete', resolve));
  await session.send('Tracing.end');
  await complete;
  return events;
}

/** When what was running, of the page's own thread: a sample is the loader's where any of its functions is on the stack. */
function samplesIn(events: readonly TraceEvent[]): Sample[] {
  const nodes = new Map<number, ProfileNode>();
  const samples: Sample[] = [];
  const isLoaders = (id: number | undefined): boolean => {
    const node = id === undefined ? undefined : nodes.get(id);
    if (!node) return false;
    return /\/contact-bridge(\.js|\/)/.test(node.callFrame.url ?? '') || isLoaders(node.parent);
  };
  for (const profile of events.filter(({ name }) => name === 'Profile')) {
    nodes.clear();
    let at = profile.args.data?.startTime ?? profile.ts;
    const chunks = events.filter(
      ({ name, pid, id }) => name === 'ProfileChunk' && pid === profile.pid && id === profile.id,
    );
    for (const { args } of chunks.toSorted((one, other) => one.ts - other.ts)) {
      for (const node of args.data?.cpuProfile?.nodes ?? []) nodes.set(node.id, node);
      for (const [index, id] of (args.data?.cpuProfile?.samples ?? []).entries()) {
        at += args.data?.timeDeltas?.[index] ?? 0;
        samples.push({ at, isLoaders: isLoaders(id) });
      }
    }
  }
  return samples;
}

import { setTimeout } from 'node:timers/promises';
import type { FaultKind, FaultRule } from '../../local/emulator/state/faults.ts';
import { defaultSwitches, type Switches } from '../../local/emulator/state/switches.ts';
import type { Ledger } from './ledger.ts';
import type { Outside } from './outside.ts';

/** A way in which MaiAgent may be read or may misbehave for a while. */
interface Reading {
  readonly switches?: Partial<Switches>;
  readonly faults?: readonly FaultRule[];
  /** What is done to it once, at the beginning. */
  readonly act?: (outside: Outside, ledger: Ledger) => Promise<void>;
}

const often = (on: FaultRule['on'], probability: number, ...kinds: FaultKind[]): FaultRule[] =>
  kinds.map((kind) => ({ on, kind, probability }));

/** By name, so that a person can find what was under way when something happened. */
export const readings: Readonly<Record<string, Reading>> = {
  'nothing is unique': { switches: { uniqueness: 'none' } },
  'found after two seconds': { switches: { searchDelayMs: 2_000 } },
  'pages of five': { switches: { maxPageSize: 5, resultsShape: 'nested', nextHost: 'placeholder' } },
  'the newest come first': { switches: { listOrder: 'newest', maxPageSize: 5 } },
  'replies of other forms': {
    switches: { echo: 'sparse', updateReply: 'empty', responseCase: 'snake', timestamps: 'iso' },
  },
  'contacts are lost': { act: loseContacts },
  slow: { faults: [{ on: 'any', kind: 'latency', ms: 1_500, probability: 0.5 }] },
  flapping: { act: flap },
  // An hour is asked for, and the storm is over after ten seconds.
  'a storm of 429': { faults: [{ on: 'any', kind: '429-retry-after', retryAfterS: 3_600, times: 'always' }] },
  'replies are lost': {
    faults: [
      ...often('any', 0.05, 'reset-after-commit', '500-after-commit', 'truncated-json', 'cut-body'),
      ...often('any', 0.02, 'timeout-after-commit'),
      ...often('broadcast', 0.2, 'half-broadcast'),
    ],
  },
  'refuses and fails': { faults: often('any', 0.1, 'reset-before', '500', '502-html', 'redirect') },
  'shows another contact': { faults: [{ on: 'create', kind: 'false-reply', probability: 0.3 }] },
  'creates are atomic': { switches: { uniqueness: 'atomic', dupStatus: 409 } },
};
const READING_MS = 20_000;
const STORM_MS = 10_000;

/** One reading after the other, until the signal comes; then MaiAgent is well. Answers how often it changed. */
export async function changeReadings(outside: Outside, ledger: Ledger, signal: AbortSignal): Promise<number> {
  const { switches, faults } = outside.emulator;
  let changes = 0;
  while (!signal.aborted) {
    const [name, { switches: set, faults: rules = [], act }] = Object.entries(readings)[
      changes % Object.keys(readings).length
    ] ?? ['', {}];
    changes += 1;
    ledger.note({ reading: name });
    Object.assign(switches, defaultSwitches, set);
    faults.add(...rules);
    await act?.(outside, ledger);
    await pass(name.startsWith('a storm') ? STORM_MS : READING_MS, signal);
    faults.clear();
  }
  Object.assign(switches, defaultSwitches);
  return changes;
}

async function pass(ms: number, signal: AbortSignal): Promise<void> {
  await setTimeout(ms, undefined, { signal }).catch(() => undefined);
}

/** MaiAgent no longer has three contacts, and says nothing of it. */
async function loseContacts({ emulator }: Outside, ledger: Ledger): Promise<void> {
  for (const contact of emulator.store.liveContacts.filter(() => Math.random() < 0.2).slice(0, 3)) {
    emulator.store.remove(contact);
    ledger.lostContacts.add(contact.id);
    ledger.note({ lost: contact.id });
  }
}

async function flap({ emulator }: Outside): Promise<void> {
  for (let times = 0; times < 8; times += 1) {
    await emulator.goDown(times % 2 === 0 ? 'refuse' : 'reset');
    await setTimeout(700);
    await emulator.goUp();
    await setTimeout(500);
  }
}

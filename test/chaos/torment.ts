import { setTimeout } from 'node:timers/promises';
import type { FaultRule } from '../../local/emulator/state/faults.ts';
import type { World } from './world.ts';

/** Everything that MaiAgent may do wrong, at once. Together about every fifth call is befallen. */
const faults: readonly FaultRule[] = [
  { on: 'any', kind: 'latency', ms: 150, probability: 0.05 },
  { on: 'any', kind: 'reset-before', probability: 0.02 },
  { on: 'any', kind: 'reset-after-commit', probability: 0.02 },
  { on: 'any', kind: 'timeout-after-commit', probability: 0.01 },
  { on: 'any', kind: '500', probability: 0.02 },
  { on: 'any', kind: '500-after-commit', probability: 0.02 },
  { on: 'any', kind: '429-retry-after', retryAfterS: 1, probability: 0.02 },
  { on: 'any', kind: '502-html', probability: 0.01 },
  { on: 'any', kind: 'truncated-json', probability: 0.02 },
  { on: 'any', kind: 'cut-body', probability: 0.01 },
  { on: 'any', kind: 'redirect', probability: 0.005 },
  { on: 'broadcast', kind: 'half-broadcast', probability: 0.05 },
];

/** How often what was done. */
export interface Torment {
  functions: number;
  database: number;
  outages: number;
}

/** Kills and switches off, at random, until the signal comes; then everything is well again. */
export async function torment(world: World, signal: AbortSignal): Promise<Torment> {
  const done: Torment = { functions: 0, database: 0, outages: 0 };
  world.emulator.faults.add(...faults);
  while (!signal.aborted) {
    await setTimeout(300 + 2_500 * Math.random());
    const dice = Math.random();
    if (dice < 0.08) {
      await world.killDatabase();
      done.database += 1;
    } else if (dice < 0.16) {
      await world.emulator.goDown(Math.random() < 0.5 ? 'refuse' : 'reset');
      await setTimeout(1_000 + 4_000 * Math.random());
      await world.emulator.goUp();
      done.outages += 1;
    } else {
      await world.bridge.runner.killFunctions();
      done.functions += 1;
    }
    // Schedules come as they do in an hour, so that sweeps meet everything else.
    if (Math.random() < 0.3) void world.bridge.runner.advanceClock(60_000);
  }
  world.emulator.faults.clear();
  return done;
}

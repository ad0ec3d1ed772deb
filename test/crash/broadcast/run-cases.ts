import { runBroadcastCase, type BroadcastCase, type BroadcastOutcome } from './crash-case.ts';
import { startBroadcastGround, type BroadcastGround } from './ground.ts';

/** A ground has one clock, and so one case at a time; a second one has something to do while the first waits for its table. */
const GROUNDS = 2;

/** Starts the grounds of one file of tests. */
export const startBroadcastGrounds = (): Promise<BroadcastGround[]> =>
  Promise.all(Array.from({ length: GROUNDS }, startBroadcastGround));

/** Runs all cases, one on each ground at a time, and answers in their order. */
export async function runBroadcastCases(
  cases: readonly BroadcastCase[],
  grounds: readonly BroadcastGround[],
): Promise<BroadcastOutcome[]> {
  const outcomes: BroadcastOutcome[] = [];
  const waiting = cases.entries();
  const worker = async (ground: BroadcastGround): Promise<void> => {
    for (const [index, one] of waiting) outcomes[index] = await runBroadcastCase(one, ground);
  };
  await Promise.all(grounds.map(worker));
  return outcomes;
}

import * as z from 'zod/mini';
import { CommandError } from '../command-error.ts';
import type { Deployment } from '../deployment.ts';
import { answerOf } from '../readings.ts';

const countsSchema = z.object({
  found: z.number(),
  redriven: z.number(),
  left: z.number(),
  /** Where the next call goes on: one call of the function has time for some of many records. */
  next: z.optional(z.object({ recordId: z.string(), arrivedAtMs: z.number() })),
});

/** How many quarantined records there were, how many the intake understands by now, and how many stay. */
export type Redriven = Omit<z.infer<typeof countsSchema>, 'next'>;

/** A call that ran out of time has still done its part; after so many of them in a row something else is wrong. */
const timedOutMax = 50;

/**
 * Puts quarantined records through the ordinary intake again, all of them or one source's. Any number of times is harmless: what
 * was accepted before is recognised. Throws `CommandError` where the function fails, and for a source that there is not.
 */
export async function redrive(
  deployment: Deployment,
  { source, dryRun }: { readonly source?: string; readonly dryRun?: boolean },
): Promise<Redriven> {
  const event = { redrive: true, ...(source !== undefined && { source }), ...(dryRun && { dryRun }) };
  const all = { found: 0, redriven: 0, left: 0 };
  let from: object | undefined;
  for (let timedOut = 0; timedOut < timedOutMax;) {
    const called = await deployment.callUserChanged({ ...event, ...(from && { from }) });
    if (called.kind === 'timed-out') {
      timedOut += 1;
      continue;
    }
    const counts = answerOf(called, countsSchema);
    for (const name of ['found', 'redriven', 'left'] as const) all[name] += counts[name];
    from = counts.next;
    if (from) continue;
    if (all.found === 0 && source !== undefined) await refuseUndeclared(source, deployment);
    return all;
  }
  throw new CommandError(`user-changed ran out of time ${timedOutMax} times: give one --source at a time`);
}

/** Somebody who mistypes a source must not believe that it is another one, or has nothing in quarantine. */
export async function refuseUndeclared(source: string, deployment: Deployment): Promise<void> {
  const declared = await deployment.sources();
  if (!declared || declared.names.includes(source)) return;
  const { names, where } = declared;
  throw new CommandError(
    `there is no source ${source}, and no record of one: ${where} has ${names.join(', ') || 'no source at all'}`,
  );
}

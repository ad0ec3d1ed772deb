import * as z from 'zod/mini';
import { type LocalRoutes, ok, taking } from './local-http.ts';
import type { StoredObject } from '../runner/destinations.ts';
import type { InvocationResult } from '../runner/lambda/environment.ts';

/** What a program on this machine may ask of the bridge past its API, as it would ask AWS of a deployed one. */
export interface DeploymentParts {
  /** Runs one function by its name. Rejects for a name that the stack does not have. */
  readonly invoke: (functionName: string, event: unknown) => Promise<InvocationResult>;
  readonly deployment: () => LocalDeployment;
  /** What the log has said of the person with this pseudonym, the oldest line first. */
  readonly linesAbout: (person: string) => readonly string[];
  readonly kept: () => LocallyKept;
  /** Moves the clock of the schedules forward; what became due has been done when it resolves. */
  readonly advanceClock: (ms: number) => Promise<void>;
}

/** Where the parts of the bridge on this machine are. */
export interface LocalDeployment {
  readonly dynamoDbEndpoint: string;
  readonly linksTable: string;
  /** All tables of the stack. */
  readonly tables: readonly string[];
  /** The names of the sources of changes. */
  readonly sources: readonly string[];
  /** The MaiAgent that it speaks to; with its key only where that is the emulator's. */
  readonly maiAgent: {
    readonly baseUrl: string;
    readonly apiPrefix: '/api/v1' | '/api';
    readonly inboxId: string;
    readonly apiKey: string | undefined;
  };
}

/** What lies in the quarantine bucket, and the newest lines of the log. */
export interface LocallyKept {
  readonly objects: readonly StoredObject[];
  readonly lines: readonly string[];
}

/** A year: far enough for every schedule, near enough to end. */
const advanceMaxMs = 366 * 24 * 60 * 60 * 1000;

const name = z.string().check(z.minLength(1), z.maxLength(140));
const clockSchema = z.strictObject({ advanceMs: z.int().check(z.gte(0), z.lte(advanceMaxMs)) });

/** To be put behind `isFromThisMachine`: it runs every function with every event. */
export const deploymentRoutes = ({
  invoke,
  deployment,
  linesAbout,
  kept,
  advanceClock,
}: DeploymentParts): LocalRoutes => ({
  'GET /local/deployment': async () => ok(deployment()),
  'GET /local/kept': async () => ok(kept()),
  'POST /local/logs': taking(z.strictObject({ person: name }), ({ person }) => ok({ lines: linesAbout(person) })),
  'POST /local/invoke': taking(
    z.strictObject({ functionName: name, event: z.unknown() }),
    async ({ functionName, event }) => {
      try {
        return ok(await invoke(functionName, event));
      } catch (error) {
        return { status: 404, body: { message: error instanceof Error ? error.message : String(error) } };
      }
    },
  ),
  'POST /local/clock': taking(clockSchema, async ({ advanceMs }) => {
    await advanceClock(advanceMs);
    return ok({ advancedMs: advanceMs });
  }),
});

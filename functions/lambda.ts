import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type * as z from 'zod/mini';
import type { Settings } from './env.ts';

/** A handler whose job the first call builds. A wrong configuration fails that call, with its reason in the log, and the next one tries again. */
export function lambda<Env, Event, Context, Result>(
  env: z.ZodMiniType<Env>,
  build: (from: ReturnType<typeof lambdaDeps<Env>>) => (event: Event, context: Context) => Promise<Result>,
): (event: Event, context: Context) => Promise<Result> {
  let job: ((event: Event, context: Context) => Promise<Result>) | undefined;
  return (event, context) => {
    job ??= build(lambdaDeps(env));
    return job(event, context);
  };
}

/** What every job is built from: its variables, the settings of the deployment, and files that were deployed beside the bundle. */
function lambdaDeps<Env>(env: z.ZodMiniType<Env>) {
  const file = (name: string): Buffer => readFileSync(join(process.env['LAMBDA_TASK_ROOT'] ?? '.', name));
  // The stack validates the settings before it writes them, and deploys them with the code in one package: to do it again costs each start.
  return {
    env: valid(env, process.env),
    settings: JSON.parse(file('settings.json').toString('utf8')) as Settings,
    file,
  };
}

/** Names every wrong variable, and never its value, which may be a secret. */
function valid<Value>(schema: z.ZodMiniType<Value>, given: unknown): Value {
  const read = schema.safeParse(given);
  if (read.success) return read.data;
  const wrong = read.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new Error(`this function cannot start, because of its variables: ${wrong.join('; ')}`);
}

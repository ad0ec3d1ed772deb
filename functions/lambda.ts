import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Settings, Variables } from './env.ts';
import { attempted } from './rules/attempted.ts';

/** A job with what it does before its first call, of which a failure does not matter. */
type Job<Event, Context, Result> = ((event: Event, context: Context) => Promise<Result>) & {
  readonly start?: () => Promise<unknown>;
};

/** Far more than a read takes; a table that does not answer by then must not hold up the process. */
const START_MS_MAX = 500;

/**
 * A handler whose job is built while Lambda loads the function, because it has a whole processor then and a share of one later. A wrong
 * configuration fails the calls, with its reason in the log, and each of them tries again.
 */
export function lambda<Env, Event, Context, Result>(
  env: Variables<Env>,
  build: (from: ReturnType<typeof lambdaDeps<Env>>) => Job<Event, Context, Result>,
) {
  let job: Job<Event, Context, Result> | undefined;
  const built = () => (job ??= build(lambdaDeps(env)));
  attempted(built);
  const start = async (): Promise<void> => {
    const tooLate = new Promise((resolve) => setTimeout(resolve, START_MS_MAX).unref());
    await Promise.race([attempted(() => built().start?.())?.catch(() => undefined), tooLate]);
  };
  return Object.assign((event: Event, context: Context) => built()(event, context), { start });
}

/** What every job is built from: its variables, the settings of the deployment, and files that were deployed beside the bundle. */
function lambdaDeps<Env>(env: Variables<Env>) {
  const file = (name: string): Buffer => readFileSync(join(process.env['LAMBDA_TASK_ROOT'] ?? '.', name));
  // The stack validates the settings before it writes them, and deploys them with the code in one package: to do it again costs each start.
  return {
    env: valid(env),
    settings: JSON.parse(file('settings.json').toString('utf8')) as Settings,
    file,
  };
}

/** What is wrong with the variables, each by its name and never with its value, which may be a secret. */
export const wrongIn = (variables: Variables, given: Readonly<Record<string, string | undefined>>): string[] =>
  Object.entries(variables).flatMap(([name, check]) => {
    const problem = given[name] ? check(given[name]) : 'is missing';
    return problem === undefined ? [] : [`${name}: ${problem}`];
  });

function valid<Env>(variables: Variables<Env>): Env {
  const wrong = wrongIn(variables, process.env);
  if (wrong.length > 0) throw new Error(`this function cannot start, because of its variables: ${wrong.join('; ')}`);
  return Object.fromEntries(Object.keys(variables).map((name) => [name, process.env[name]])) as Env;
}

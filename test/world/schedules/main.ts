import { parseArgs } from 'node:util';
import { runStory } from './run-story.ts';
import { shrink } from './shrink.ts';
import { storyOf } from './story.ts';
import { tellStory } from './tell-story.ts';

const usage = `npm run prove -- --only schedules -- [--seed N] [--steps M] [--schedules K]
  Plays callers, crashes and lost replies against the bridge in simulated time, and judges each end.
  --seed N       the first seed (1); the same seed always tells the same story
  --steps M      how many steps each story has; otherwise its seed says so
  --schedules K  how many seeds from there (1 with --seed, otherwise 1000)`;

/** The options; the program ends after the help, and with one line for an option that there is not. */
function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        seed: { type: 'string' },
        steps: { type: 'string' },
        schedules: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
    if (!values.help) return values;
    say(usage);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${usage}\n`);
    process.exitCode = 2;
  }
  return process.exit();
}

/** A number given on the command line; the program ends at anything else. */
function whole(text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  process.stderr.write(`${text} is no whole number\n${usage}\n`);
  return process.exit(2);
}

const say = (text: string): void => void process.stdout.write(`${text}\n`);

const values = readOptions();
const seed = whole(values.seed, 1);
const steps = values.steps === undefined ? undefined : whole(values.steps, 0);
const schedules = whole(values.schedules, values.seed === undefined ? 1_000 : 1);
const startedAt = performance.now();
let [calls, troubles, failed] = [0, 0, 0];
for (let next = seed; next < seed + schedules; next += 1) {
  const outcome = await runStory(storyOf(next, steps));
  calls += outcome.calls;
  troubles += outcome.troubles;
  if (schedules === 1) say(tellStory(outcome));
  if (outcome.accusations.length === 0) continue;
  failed += 1;
  say(`\nThe shortest story of seed ${next} that goes wrong:\n${tellStory(await shrink(outcome))}\n`);
}
const seconds = (performance.now() - startedAt) / 1000;
const share = calls === 0 ? 0 : Math.round((100 * troubles) / calls);
say(
  `${schedules} schedules from seed ${seed}: ${failed} went wrong; ${calls} calls, trouble in ${share} %; ${(schedules / seconds).toFixed(0)} a second`,
);
process.exitCode = failed > 0 ? 1 : 0;

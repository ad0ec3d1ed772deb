import { Command } from 'commander';
import { StageError } from './check-stage.ts';

/** The name that CDK gives to the failure it throws after it has printed what is wrong with the template. */
const validationFailed = 'ValidationFailed';

/** A command of infra/, to be given options and an action, and run by `run`. An option that there is not ends the process with 2. */
export function command(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .showHelpAfterError()
    .hook('preAction', refuseWhatNpmTook)
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2));
}

/** npm keeps the options before `--` for itself: `npm run deploy --dry-run` would deploy. Its own `yes` may stand in its configuration. */
function refuseWhatNpmTook(program: Command): void {
  const names = program.options.map(({ long = '' }) => long.slice(2)).filter((name) => name !== 'yes');
  const taken = names.find((name) => process.env[`npm_config_${name.replaceAll('-', '_')}`] !== undefined);
  if (taken !== undefined)
    throw new StageError(
      `npm kept --${taken} for itself: write ${program.name()} --${taken}, with -- before the options`,
    );
}

/**
 * Runs a command, and ends the process with 1 when the stage or the template is at fault. Then only the message is printed: the person who
 * wrote the stage needs the sentence, not the way that it came. Anything else is a bug and thrown on.
 */
export async function run(program: Command): Promise<void> {
  try {
    await program.parseAsync();
  } catch (error) {
    if (!(error instanceof StageError) && !(error instanceof Error && error.name === validationFailed)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}

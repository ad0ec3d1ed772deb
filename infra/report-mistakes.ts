import { StageError } from './check-stage.ts';

/** The name that CDK gives to the failure it throws after it has printed what is wrong with the template. */
const validationFailed = 'ValidationFailed';

/**
 * Runs a command of infra/ and ends the process with 1 when the stage or the template is at fault. Then only the message is
 * printed: the person who wrote the stage needs the sentence, not the way that it came. Anything else is a bug and thrown on.
 */
export async function reportMistakes(command: () => Promise<void>): Promise<void> {
  try {
    await command();
  } catch (error) {
    if (!(error instanceof StageError) && !(error instanceof Error && error.name === validationFailed)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}

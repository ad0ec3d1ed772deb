import { IN_REVIEW, type Account } from './account.ts';
import { rightPlace } from './before-deployment.ts';
import { StageError } from './check-stage.ts';
import { isDisposable, stackNameOf, type Stage } from './config.ts';
import { ask } from './confirm-plan.ts';

/** Says what goes and what stays, and goes on only with a person who types the stage's name. */
export async function destroy(stage: Pick<Stage, 'stage' | 'aws'>, account: Account, asked = ask): Promise<void> {
  const name = stackNameOf(stage);
  const { state, says } = await rightPlace(stage, account);
  if (state === 'bad') throw new StageError(`stage ${stage.stage}: ${says}`);
  const found = await account.stack(name, { isReviewToo: true });
  if (!found) throw new StageError(`stage ${stage.stage}: there is no stack ${name} in this account and region`);
  console.log(
    found.status === IN_REVIEW
      ? `${name} is in review (${IN_REVIEW}): its first deployment was stopped before it made anything, and nothing goes but the name.`
      : `${name} goes: the API and its address, the functions, alarms, schedules. No broadcast is sent any more.
${isDisposable(stage) ? 'Its tables, secrets and logs go with it. A quarantine bucket that is not empty must be emptied first.' : 'Its tables, secrets, logs, event queues and quarantine bucket stay and go on costing what they hold; the tables stay protected from deletion.'}
What MaiAgent holds stays: contacts are erased by DELETE /v1/users/{userId} before the stage goes (docs/operations.md).`,
  );
  if ((await asked(`Type ${stage.stage} to take it down: `)) !== stage.stage)
    throw new StageError(`stage ${stage.stage}: nothing was changed`);
  await account.remove(name);
  console.log(`CloudFormation is taking ${name} down; its events tell how far it is.`);
}

import { expect, it } from 'vitest';
import { checkStage } from '../../infra/check-stage.ts';
import { confirmPlan } from '../../infra/confirm-plan.ts';
import { sampleStage } from './sample-stage.ts';

const stage = checkStage(sampleStage());
/** What comes of a plan that ends so, with somebody at the terminal who answers this; nobody is there where it is undefined. */
const confirmed = async (status: number, typed: string | undefined) => {
  const asked: string[] = [];
  const ask = (question: string) => Promise.resolve((asked.push(question), typed));
  const outcome = await confirmPlan(stage, () => Promise.resolve(status), ask).then(
    () => 'deploys',
    (error: Error) => error.message,
  );
  return [outcome, ...asked];
};

const change = 'Contacts change as above.';
const unknown = 'Nobody can tell here which contacts change.';

it.each([
  [0, undefined, ['deploys']],
  [2, 'y', ['deploys', `${change} Deploy? [y/N] `]],
  [2, '', ['stage dev: nothing was changed', `${change} Deploy? [y/N] `]],
  [2, undefined, [`stage dev: ${change} Give --yes to deploy without a terminal`, `${change} Deploy? [y/N] `]],
  [1, 'yes', ['deploys', `${unknown} Deploy? [y/N] `]],
  [1, 'no', ['stage dev: nothing was changed', `${unknown} Deploy? [y/N] `]],
])('a plan that ends with %s and the answer %s: %j', async (status, typed, expected) => {
  expect(await confirmed(status, typed)).toEqual(expected);
});

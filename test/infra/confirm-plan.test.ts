import { spawn, spawnSync } from 'node:child_process';
import { expect, it, vi } from 'vitest';
import { checkStage } from '../../infra/check-stage.ts';
import { agreedOver, confirmPlan, smokeTest } from '../../infra/confirm-plan.ts';
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

const hasTerminals = spawnSync('script', ['--version']).status === 0;

it.runIf(hasTerminals).each(['\u0003', '\u0004'])('a question that %j ends is answered with nothing', async (key) => {
  const program = `import { ask } from './infra/confirm-plan.ts'; console.log('typed', JSON.stringify(await ask('Deploy? ')));`;
  const words = ['-qefc', `"${process.execPath}" --input-type=module -e "${program}"`, '/dev/null'];
  const { stdin, stdout } = spawn('script', words);
  let shown = '';
  for await (const text of stdout.setEncoding('utf8')) {
    if (!shown.includes('Deploy?') && `${shown}${text}`.includes('Deploy?')) stdin.write(key);
    shown += String(text);
  }
  expect(shown).toContain('typed ""');
});

it.each([
  ['asks', {}, ['agreed']],
  ['shows', { dryRun: true }, ['shown']],
  ['does not ask', { yes: true }, []],
] as const)(
  '%s, and deploys over what stands then: somebody else may have deployed meanwhile',
  async (_, how, done) => {
    const [asked, outputs]: [string[], Record<string, string>] = [[], { DeploymentNumber: '7' }];
    const account = { stack: async () => ({ status: 'UPDATE_COMPLETE', outputs: { ...outputs } }) };
    const meanwhile = (what: string) => async () => {
      asked.push(what);
      outputs['DeploymentNumber'] = '8';
      return 2;
    };
    const over = await agreedOver(stage, account, how, [meanwhile('shown'), meanwhile('agreed') as never]);
    expect([asked, over?.outputs['DeploymentNumber']]).toEqual([done, done.length > 0 ? '8' : '7']);
  },
);

it('asks nobody where there is no stack', async () => {
  const nobody = () => Promise.reject(new Error('asked'));
  expect(await agreedOver(stage, { stack: async () => undefined }, {}, [nobody, nobody])).toBeUndefined();
});

it.each([
  [0, false, 0, ''],
  [1, false, 1, 'It is deployed, and not well: the lines above say what to do.'],
  [0, true, 0, ''],
  [1, true, 0, 'Set the secrets, then ask doctor again.'],
])(
  'a doctor who ends with %s (first deployment: %s) ends the deployment with %s: %s',
  async (status, isFirst, code, last) => {
    const said: string[] = [];
    const log = vi.spyOn(console, 'log').mockImplementation((line: string) => void said.push(line));
    const doctor = vi.fn(async () => status);
    expect(await smokeTest(stage, isFirst, doctor)).toBe(code);
    log.mockRestore();
    expect(doctor.mock.calls).toEqual([[stage, 'doctor', '--smoke']]);
    expect(said[1] ?? '').toBe(last);
  },
);

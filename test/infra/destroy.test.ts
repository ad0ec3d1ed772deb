import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { awsAccount, type Account } from '../../infra/account.ts';
import { checkPlace, checkStage } from '../../infra/check-stage.ts';
import { destroy } from '../../infra/destroy.ts';
import { sampleStage } from './sample-stage.ts';

afterEach(() => void vi.unstubAllEnvs());

const aws = { account: '123456789012', region: 'eu-west-1' };
const prod = checkStage(sampleStage({ stage: 'prod', aws, alarmEmail: 'sample@corp.example' }));
const dev = checkStage(sampleStage({ stage: 'dev' }));

type PlacedStage = Pick<typeof prod, 'stage' | 'aws'>;

/** What a person sees who types this, and what is removed; `undefined` is no terminal, as in a pipeline. */
async function run(stage: PlacedStage, typed: string | undefined, status = 'UPDATE_COMPLETE', of = aws.account) {
  const [removed, shown]: [string[], string[]] = [[], []];
  const account = {
    stack: async (name: string, { isReviewToo = false } = {}) => {
      const isThere = status !== '' && (isReviewToo || status !== 'REVIEW_IN_PROGRESS');
      return isThere && name === `contact-bridge-${stage.stage}` ? { status, outputs: {} } : undefined;
    },
    caller: async () => ({ account: of, region: aws.region }),
    remove: async (name: string) => void removed.push(name),
  } as unknown as Account;
  const log = vi.spyOn(console, 'log').mockImplementation((line: string) => void shown.push(line));
  const asked = async (question: string) => {
    shown.push(question);
    return typed;
  };
  const error = await destroy(stage, account, asked).catch(({ message }: Error) => message);
  log.mockRestore();
  return { removed, error, shown: shown.join('\n') };
}

describe('npm run deploy -- --destroy', () => {
  it('takes the stage down whose name was typed, after it has said what stays', async () => {
    const { removed, error, shown } = await run(prod, 'prod');
    expect([removed, error]).toEqual([['contact-bridge-prod'], undefined]);
    expect(shown).toMatch(
      /Its tables, secrets, logs, event queues and quarantine bucket stay .* the tables stay protected/,
    );
    expect(shown).toMatch(/contacts are erased by DELETE [^]*Type prod to take it down/);
  });

  it('says of a disposable stage that everything goes', async () => {
    const { removed, shown } = await run(dev, 'dev');
    expect(removed).toEqual(['contact-bridge-dev']);
    expect(shown).toMatch(/Its tables, secrets and logs go with it/);
  });

  it('wants no other setting to be right, such as a pace that is refused by now, and still a name', async () => {
    const slow = sampleStage({ stage: 'prod', aws, maiAgentLimits: { concurrency: 50, requestsPerSecond: 1 } });
    expect(() => checkStage(slow)).toThrow('must have requestsPerSecond of at least');
    const { removed } = await run(checkPlace(slow), 'prod');
    expect(removed).toEqual(['contact-bridge-prod']);
    expect(() => checkPlace({ ...slow, stage: 'PROD' })).toThrow('stage PROD: stage must be 1 to 31 small letters');
  });

  it.each(['pord', 'yes', 'contact-bridge-prod', 'PROD', '', undefined])('changes nothing for %j', async (typed) => {
    const { removed, error } = await run(prod, typed);
    expect([removed, error]).toEqual([[], 'stage prod: nothing was changed']);
  });

  it('says of a stack in review what it is, and takes it away', async () => {
    const { removed, shown } = await run(prod, 'prod', 'REVIEW_IN_PROGRESS');
    expect(removed).toEqual(['contact-bridge-prod']);
    expect(shown).toMatch(/^contact-bridge-prod is in review .* nothing goes but the name\.\nType prod/);
  });

  it('takes nothing down of the same name in another account', async () => {
    const { removed, error, shown } = await run(prod, 'prod', 'UPDATE_COMPLETE', '210987654321');
    expect([removed, shown]).toEqual([[], '']);
    expect(error).toMatch(/^stage prod: these credentials are of 210987654321 .* is for 123456789012 in eu-west-1/);
  });

  it('asks nobody where there is no stack', async () => {
    const { removed, error, shown } = await run(prod, 'prod', '');
    expect([removed, shown]).toEqual([[], '']);
    expect(error).toBe('stage prod: there is no stack contact-bridge-prod in this account and region');
  });

  it('lifts the protection before it deletes', async () => {
    const asked = await cloudFormation(() => '');
    await awsAccount('eu-west-1').remove('contact-bridge-prod');
    expect(asked).toEqual([
      'UpdateTerminationProtection contact-bridge-prod false',
      'DeleteStack contact-bridge-prod ',
    ]);
  });

  it('takes what a first deployment left that was stopped for no stack', async () => {
    let status = 'REVIEW_IN_PROGRESS';
    await cloudFormation(() => `<Stacks><member><StackStatus>${status}</StackStatus></member></Stacks>`);
    const { stack } = awsAccount('eu-west-1');
    expect(await stack('contact-bridge-prod')).toBeUndefined();
    expect(await stack('contact-bridge-prod', { isReviewToo: true })).toMatchObject({ status });
    status = 'CREATE_COMPLETE';
    expect(await stack('contact-bridge-prod')).toMatchObject({ status });
  });
});

/** CloudFormation, which answers this; what it is asked. */
async function cloudFormation(result: () => string): Promise<readonly string[]> {
  const asked: string[] = [];
  const answer = async (req: http.IncomingMessage, res: http.ServerResponse) => {
    const fields = Object.fromEntries(new URLSearchParams(await text(req)));
    const { Action, StackName, EnableTerminationProtection = '' } = fields;
    asked.push(`${Action} ${StackName} ${EnableTerminationProtection}`);
    res.end(`<${Action}Response><${Action}Result>${result()}</${Action}Result></${Action}Response>`);
  };
  const server = http.createServer((req, res) => void answer(req, res));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  vi.stubEnv('AWS_ENDPOINT_URL_CLOUDFORMATION', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'sample');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'sample');
  return asked;
}

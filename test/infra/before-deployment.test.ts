import { describe, expect, it } from 'vitest';
import type { Account, Standing } from '../../infra/account.ts';
import { beforeDeployment } from '../../infra/before-deployment.ts';
import { checkStage } from '../../infra/check-stage.ts';
import type { StageConfig } from '../../infra/config.ts';
import { sampleStage } from './sample-stage.ts';

const issuer = 'https://login.sample.test/';
const aws = { account: '123456789012', region: 'eu-west-1' };
const stackOf = (status: string, outputs: Standing['outputs'] = {}): Standing => ({ status, outputs });

const streamOf = (name: string) =>
  `arn:aws:dynamodb:eu-west-1:123456789012:table/${name}/stream/2026-11-30T00:00:00.000`;
const restoredTables = { links: streamOf('LinksAgain') };
/** A restored table of which everything is set. */
const whole = (name: string) => [
  'index Due',
  name === 'LinksAgain' ? 'index ByContact' : 'index Listed',
  `stream ${streamOf(name)}`,
  'expiry by expiresAt',
  'point-in-time recovery',
];
const without = (...words: string[]) =>
  accountWith({ table: async (name) => whole(name).filter((one) => !words.some((word) => one.startsWith(word))) });

const userTable = (name: string) => ({ kind: 'table', name, streamArn: streamOf(name) }) as const;
const domainOf = (name: string, region = 'eu-west-1') => ({
  name,
  certificateArn: `arn:aws:acm:${region}:123456789012:certificate/7d0c1e52-2f6f-4a43-9c55-0b8f6c0f1a01`,
});
const certified = (status: string) =>
  accountWith({ certificate: async () => ({ status, names: ['chat.corp.example'] }) });

/** An account that is ready, but for what a case says. */
function accountWith(
  changes: Partial<Account> & { stacks?: Record<string, Standing>; pages?: Record<string, unknown> } = {},
): Account {
  const stacks = { CDKToolkit: stackOf('UPDATE_COMPLETE', { BootstrapVersion: '28' }), ...changes.stacks };
  const pages: Record<string, unknown> = {
    [`${issuer}.well-known/openid-configuration`]: { issuer, jwks_uri: `${issuer}keys` },
    [`${issuer}keys`]: { keys: [{ kty: 'RSA', kid: 'one' }] },
    ...changes.pages,
  };
  return {
    caller: async () => aws,
    concurrency: async () => ({ all: 1_000, unreserved: 1_000 }),
    reserved: async () => 0,
    stack: async (name) => (stacks as Record<string, Standing>)[name],
    read: async (url) => (pages[url] === undefined ? undefined : { status: 200, body: pages[url] }),
    table: async (name) => whole(name),
    certificate: async () => ({ status: 'ISSUED', names: ['*.corp.example', 'corp.example'] }),
    remove: () => Promise.reject(new Error('nothing may be removed')),
    ...changes,
  };
}

async function badOf(stage: Partial<StageConfig>, account: Account): Promise<string[]> {
  const findings = await beforeDeployment(checkStage(sampleStage(stage)), account);
  return findings.filter(({ state }) => state !== 'good').map(({ check, says }) => `${check}: ${says}`);
}

describe('before a deployment', () => {
  it.each<[string, Partial<StageConfig>, Account]>([
    ['dev, anywhere', {}, accountWith()],
    ['production in its place', { stage: 'prod', aws }, accountWith()],
    ['a stage that stands', {}, accountWith({ stacks: { 'contact-bridge-dev': stackOf('UPDATE_COMPLETE') } })],
    [
      'one with the tables of its stack',
      {},
      accountWith({
        stacks: {
          'contact-bridge-dev': stackOf('UPDATE_COMPLETE', {
            LinksTableName: 'contact-bridge-dev-LinksTableFD6FA5FC-1',
          }),
        },
      }),
    ],
    [
      'one whose last change went back',
      {},
      accountWith({ stacks: { 'contact-bridge-dev': stackOf('UPDATE_ROLLBACK_COMPLETE') } }),
    ],
    [
      'a new account, without a reservation',
      { reserveConcurrency: false },
      accountWith({ concurrency: async () => ({ all: 10, unreserved: 10 }) }),
    ],
    [
      'an issuer that only the bridge verifies',
      { tokens: { issuer, audience: ['a'], keys: { url: 'https://login.sample.test/keys' } } },
      accountWith({ read: async () => undefined }),
    ],
    [
      'what a stage has reserved already',
      {},
      accountWith({
        stacks: { 'contact-bridge-dev': stackOf('UPDATE_COMPLETE') },
        concurrency: async () => ({ all: 105, unreserved: 100 }),
        reserved: async (name) => ({ 'contact-bridge-dev-sync': 2, 'contact-bridge-dev-broadcast': 3 })[name] ?? 0,
      }),
    ],
    ['a restored table that is ready', { restoredTables }, accountWith()],
    ['a table of users with its stream', { sources: [userTable('users')] }, accountWith()],
    ['a domain under a wildcard', { domain: domainOf('chat.corp.example') }, accountWith()],
    ['a domain by its name', { domain: domainOf('corp.example') }, accountWith()],
  ])('accuses nothing of %s', async (_, stage, account) => {
    expect(await badOf(stage, account)).toEqual([]);
  });

  const page = (path: string, value: unknown) => accountWith({ pages: { [`${issuer}${path}`]: value } });
  const refusing = (message: string) => ({ caller: () => Promise.reject(new Error(message)) });
  it.each<[string, Partial<StageConfig>, Account, string]>([
    [
      'another account',
      { stage: 'prod', aws: { ...aws, account: '999999999999' } },
      accountWith(),
      'account: these credentials are of 123456789012 in eu-west-1, and the stage is for 999999999999 in eu-west-1: set AWS_PROFILE',
    ],
    [
      'another region',
      { stage: 'prod', aws: { ...aws, region: 'us-east-1' } },
      accountWith(),
      'and the stage is for 123456789012 in us-east-1',
    ],
    ['production without a place', { stage: 'prod' }, accountWith(), 'add aws: { account, region }'],
    [
      'no credentials',
      {},
      accountWith(refusing('Could not load credentials from any providers')),
      'set AWS_PROFILE, or sign in',
    ],
    [
      'an expired sign-in',
      {},
      accountWith(refusing('The security token included in the request is expired')),
      'set AWS_PROFILE, or sign in',
    ],
    ['no region', {}, accountWith(refusing('Region is missing')), 'account: no region: set AWS_REGION'],
    [
      'no bootstrap',
      {},
      accountWith({ stack: async () => undefined }),
      'bootstrap: the account is not bootstrapped in this region: run npx cdk bootstrap once',
    ],
    [
      'an old bootstrap',
      {},
      accountWith({ stacks: { CDKToolkit: stackOf('CREATE_COMPLETE', { BootstrapVersion: '5' }) } }),
      'has version 5, and 6 is needed',
    ],
    [
      'a first deployment that failed',
      {},
      accountWith({ stacks: { 'contact-bridge-dev': stackOf('ROLLBACK_COMPLETE') } }),
      'stack: the first deployment failed (ROLLBACK_COMPLETE): delete it with aws cloudformation delete-stack --stack-name contact-bridge-dev',
    ],
    [
      'a deployment under way',
      {},
      accountWith({ stacks: { 'contact-bridge-dev': stackOf('UPDATE_IN_PROGRESS') } }),
      'stack: UPDATE_IN_PROGRESS: wait',
    ],
    [
      'a rollback that failed',
      {},
      accountWith({ stacks: { 'contact-bridge-dev': stackOf('UPDATE_ROLLBACK_FAILED') } }),
      'its events in CloudFormation say',
    ],
    [
      'a new account',
      {},
      accountWith({ concurrency: async () => ({ all: 10, unreserved: 10 }) }),
      'concurrency: Lambda keeps 100 of the account\'s 10 executions unreserved, and the stage reserves 5: ask Service Quotas for "Concurrent executions" of at least 105, or set reserveConcurrency: false',
    ],
    [
      'a stage that stands and reserves more than before',
      { maiAgentLimits: { concurrency: 4 } },
      accountWith({
        stacks: { 'contact-bridge-dev': stackOf('UPDATE_COMPLETE') },
        concurrency: async () => ({ all: 106, unreserved: 101 }),
        reserved: async (name) => ({ 'contact-bridge-dev-sync': 2, 'contact-bridge-dev-broadcast': 3 })[name] ?? 0,
      }),
      'the stage reserves 7: ask Service Quotas for "Concurrent executions" of at least 107',
    ],
    [
      'an issuer on an intranet',
      {},
      accountWith({ read: async () => undefined }),
      'issuer: https://login.sample.test/ does not answer from here',
    ],
    [
      'an issuer without a discovery document',
      {},
      accountWith({ read: async () => ({ status: 404, body: undefined }) }),
      'has no discovery document (it answered 404)',
    ],
    [
      'a page instead of it',
      {},
      accountWith({ read: async () => ({ status: 200, body: undefined }) }),
      'has no discovery document',
    ],
    [
      'an issuer that calls itself otherwise',
      {},
      page('.well-known/openid-configuration', { issuer: 'https://login.sample.test', jwks_uri: `${issuer}keys` }),
      'calls itself https://login.sample.test: write it letter for letter',
    ],
    ['keys of another kind', {}, page('keys', { keys: [{ kty: 'EC', kid: 'one' }] }), 'shows no RSA key with a kid'],
    ['a key without a kid', {}, page('keys', { keys: [{ kty: 'RSA' }] }), 'shows no RSA key with a kid'],
    ['no keys', {}, page('.well-known/openid-configuration', { issuer }), 'shows no RSA key with a kid'],
    [
      'credentials that may not ask',
      {},
      accountWith({
        concurrency: () => Promise.reject(new Error('not authorized to perform lambda:GetAccountSettings')),
      }),
      'concurrency: AWS did not answer (Error): may these credentials ask?',
    ],
    [
      'a restored table that the stage names no more',
      {},
      accountWith({
        stacks: {
          'contact-bridge-dev': stackOf('UPDATE_COMPLETE', {
            LinksTableName: 'contact-bridge-dev-LinksTableFD6FA5FC-1-again',
          }),
        },
      }),
      "tables: the links are in contact-bridge-dev-LinksTableFD6FA5FC-1-again, and the stage names no restored table: give it restoredTables: { links: '<ARN of its stream>' } again",
    ],
    [
      'a restored table without what a restoring leaves out',
      { restoredTables },
      without('stream', 'expiry', 'point'),
      `tables: LinksAgain lacks stream ${restoredTables.links}, LinksAgain lacks expiry by expiresAt, LinksAgain lacks point-in-time recovery: docs/upgrading.md has the commands`,
    ],
    [
      'a table of users whose stream was switched off and on',
      { sources: [userTable('users')] },
      without('stream'),
      `user-tables: users names ${streamOf('users')}, which is not the table's stream`,
    ],
    [
      'a table of broadcasts that is taken for one of links',
      { restoredTables: { links: streamOf('BroadcastsAgain') } },
      accountWith(),
      'tables: BroadcastsAgain lacks index ByContact',
    ],
    [
      'a certificate of another region',
      { domain: domainOf('chat.corp.example', 'us-east-1') },
      accountWith(),
      'is of us-east-1: ask ACM in eu-west-1 for one',
    ],
    [
      'a certificate that is not there',
      { domain: domainOf('chat.corp.example') },
      accountWith({ certificate: async () => undefined }),
      'is not there: copy domain.certificateArn from ACM',
    ],
    [
      'a certificate that waits for its proof',
      { domain: domainOf('chat.corp.example') },
      certified('PENDING_VALIDATION'),
      'certificate: is PENDING_VALIDATION: ACM says under it which DNS record it waits for',
    ],
    [
      'a certificate of another name',
      { domain: domainOf('corp.example') },
      certified('ISSUED'),
      "is for chat.corp.example, and the stage's domain is corp.example",
    ],
    [
      'a restored table that is not there',
      { restoredTables },
      accountWith({ table: async () => undefined }),
      'tables: LinksAgain lacks index Due, LinksAgain lacks index ByContact',
    ],
  ])('names %s, and says what to do', async (_, stage, account, says) => {
    const found = await badOf(stage, account);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(says);
  });
});

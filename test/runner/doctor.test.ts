import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkStage } from '../../infra/check-stage.ts';
import type { StageConfig } from '../../infra/config.ts';
import { examine } from '../../local/deployed/examine.ts';
import { ask, readersOf, type AlarmNow, type Patient } from '../../local/deployed/patient.ts';
import { startEmulator, type Emulator } from '../../local/emulator/server.ts';
import { sampleStage } from '../infra/sample-stage.ts';

const inboxId = '7d0c1e52-2f6f-4a43-9c55-0b8f6c0f1a01';
/** The one that the sample stage grants. */
const knowledgeBase = 'c0a80101-0000-4000-8000-000000000001';
const issuer = 'https://login.sample.test/';
const apiKey = 'sample-key';
const webhookSecret = 'a secret that is long enough';
let emulator: Emulator;
let webChatId: string;
beforeAll(async () => {
  const knowledgeBases = [knowledgeBase];
  emulator = await startEmulator({ apiKey, inboxes: [{ id: inboxId, name: 'Sample inbox' }], knowledgeBases });
  webChatId = emulator.store.inboxes.find(({ id }) => id === inboxId)!.webChatId;
});
afterAll(() => emulator.close());

const stageOf = (changes: Partial<StageConfig> = {}) =>
  checkStage(
    sampleStage({
      maiAgent: { inboxId, baseUrl: emulator.url },
      webChat: { webChatId },
      sources: [{ kind: 'generic', name: 'portal' }],
      ...changes,
    }),
  );

const quiet = (name: string): AlarmNow => ({ name, state: 'OK', readers: 1 });

interface Case {
  readonly key?: string | undefined;
  readonly sources?: string | undefined;
  readonly alarms?: readonly AlarmNow[];
  readonly health?: { readonly status: number } | 'silent';
  readonly stands?: boolean;
}

/** A deployed stage that is well, but for what a case says; MaiAgent is the emulator, over HTTP. */
function patientWith({
  stands = true,
  alarms = [quiet('OldestDue'), quiet('Stuck')],
  health = { status: 200 },
  ...secrets
}: Case): Patient {
  const values: Record<string, string | undefined> = {
    'arn:key': apiKey,
    'arn:sources': JSON.stringify({ portal: [webhookSecret] }),
    ...('key' in secrets && { 'arn:key': secrets.key }),
    ...('sources' in secrets && { 'arn:sources': secrets.sources }),
  };
  const outputs = {
    ApiUrl: 'https://api.sample.test',
    SetApiKeyCommand: 'aws secretsmanager put-secret-value --secret-id arn:key --secret-string …',
    SetSourceSecretsCommand: 'aws secretsmanager put-secret-value --secret-id arn:sources --secret-string …',
  };
  const pages: Record<string, unknown> = {
    [`${issuer}.well-known/openid-configuration`]: { issuer, jwks_uri: `${issuer}keys` },
    [`${issuer}keys`]: { keys: [{ kty: 'RSA', kid: 'one' }] },
  };
  return {
    caller: async () => ({ account: '123456789012', region: 'eu-west-1' }),
    concurrency: async () => ({ all: 1_000, unreserved: 1_000 }),
    reserved: async () => 0,
    stack: async (name) => {
      if (name === 'CDKToolkit') return { status: 'CREATE_COMPLETE', outputs: { BootstrapVersion: '28' } };
      return stands ? { status: 'CREATE_COMPLETE', outputs } : undefined;
    },
    read: async (url) => {
      if (url.endsWith('/v1/health')) return health === 'silent' ? undefined : { ...health, body: {} };
      return pages[url] === undefined ? undefined : { status: 200, body: pages[url] };
    },
    table: async () => undefined,
    certificate: async () => undefined,
    remove: () => Promise.reject(new Error('a doctor removes nothing')),
    secret: async (arn) => values[arn],
    alarms: async (prefix) => {
      const word = prefix.replace('contact-bridge-dev-', '').replace('contact-bridge-prod-', '');
      return alarms.filter(({ name }) => name.startsWith(word)).map((one) => ({ ...one }));
    },
    ask,
  };
}

const found = async (changes: Partial<StageConfig>, patient: Patient, key?: string): Promise<string[]> => {
  const findings = await examine(stageOf(changes), patient, key);
  return findings.filter(({ state }) => state !== 'good').map(({ check, state, says }) => `${state} ${check}: ${says}`);
};

const prod = { stage: 'prod', aws: { account: '123456789012', region: 'eu-west-1' } };

describe('doctor accuses nothing', () => {
  it.each<[string, Partial<StageConfig>, Case, string?]>([
    ['of a stage that is well', {}, {}],
    ['of production that is well', prod, {}],
    [
      'for another stage whose name begins with ours',
      prod,
      {
        alarms: ['OldestDue', 'sync-crashes', 'eu-OldestDue', 'eu-sync-crashes', 'eu-users-given-up'].map((name) => ({
          ...quiet(name),
          ...(name.startsWith('eu') && { state: 'ALARM', readers: 0 }),
        })),
      },
    ],
    ['before a deployment, with a key', {}, { stands: false }, apiKey],
    ['where no source needs a secret', { sources: [] }, { sources: undefined }],
    [
      'of two secrets while one is changed',
      {},
      { sources: JSON.stringify({ portal: [webhookSecret, `${webhookSecret} too`] }) },
    ],
  ])('%s', async (_, changes, one, key) => {
    expect(await found(changes, patientWith(one), key)).toEqual([]);
  });
});

it('doctor asks MaiAgent with the deployed key and with another one that is given, and names each', async () => {
  const refused = (whose: string) => expect.stringContaining(`bad maiagent (${whose}): refuses the key (401)`);
  expect((await found({}, patientWith({ key: 'old-key' }), apiKey))[0]).toEqual(refused('deployed'));
  expect((await found({}, patientWith({}), 'next-key'))[0]).toEqual(refused('MAIAGENT_API_KEY'));
});

it.each([
  ['a deployment by a key that only the shell has', 'left-over-key', true],
  ['the deployed key for the line end of a given one', `${apiKey}\n`, false],
])('doctor does not accuse %s', async (_, key, isSmoke) => {
  const findings = await examine(stageOf(), patientWith({}), key, isSmoke);
  expect(findings.filter(({ state }) => state !== 'good')).toEqual([]);
  expect(findings.map(({ check }) => check)).toContain('maiagent');
});

describe('doctor names', () => {
  const elsewhere = 'https://127.0.0.1:9';
  it.each<[string, () => Partial<StageConfig>, Case, string]>([
    [
      'a key that is not set',
      () => ({}),
      { key: undefined },
      'bad api-key: MaiAgent’s API key is not set: run the command of output SetApiKeyCommand',
    ],
    ['a key with a line end', () => ({}), { key: `${apiKey}\n` }, 'bad api-key: has blanks or line ends around it'],
    ['a key that MaiAgent refuses', () => ({}), { key: 'another-key' }, 'bad maiagent: refuses the key (401)'],
    [
      'secrets that are not set',
      () => ({}),
      { sources: undefined },
      'bad source-secrets: are not set, so every webhook is refused',
    ],
    ['secrets that are no JSON', () => ({}), { sources: webhookSecret }, 'bad source-secrets: are not of the form'],
    [
      'a secret of another source',
      () => ({}),
      { sources: JSON.stringify({ other: [webhookSecret] }) },
      'bad source-secrets: are missing for portal',
    ],
    [
      'a secret that is no list',
      () => ({}),
      { sources: JSON.stringify({ portal: webhookSecret }) },
      'bad source-secrets: are missing for portal',
    ],
    [
      'a secret that is too short',
      () => ({}),
      { sources: JSON.stringify({ portal: ['short'] }) },
      'bad source-secrets: are missing for portal',
    ],
    [
      'secrets that nobody declares',
      () => ({}),
      { sources: JSON.stringify({ portal: [webhookSecret], gone: [webhookSecret] }) },
      'bad source-secrets: are there for gone, which the stage does not declare',
    ],
    [
      'an API that does not answer',
      () => ({}),
      { health: 'silent' },
      'bad api: https://api.sample.test/v1/health does not answer',
    ],
    ['an API that is broken', () => ({}), { health: { status: 500 } }, 'answers 500: look into the log of identify'],
    [
      'an alarm that is on',
      () => ({}),
      { alarms: [quiet('OldestDue'), { ...quiet('KeyRefused'), state: 'ALARM' }] },
      'bad alarms: KeyRefused: docs/operations.md says',
    ],
    [
      'sweeps that have not run',
      () => ({}),
      { alarms: [{ ...quiet('OldestDue'), state: 'INSUFFICIENT_DATA' }] },
      'bad sweeps: no sweep has reported yet',
    ],
    [
      'alarms that nobody hears',
      () => prod,
      { alarms: [{ ...quiet('OldestDue'), readers: 0 }] },
      'bad readers: nobody is told of alarms: give the stage alarmEmail',
    ],
    ['no alarms at all', () => ({}), { alarms: [] }, 'bad alarms: there are none: deploy again'],
    [
      'an inbox of somebody else',
      () => ({ maiAgent: { baseUrl: emulator.url, inboxId: '7d0c1e52-2f6f-4a43-9c55-0b8f6c0f1aff' } }),
      {},
      'bad maiagent: this key shows no inbox 7d0c1e52-2f6f-4a43-9c55-0b8f6c0f1aff',
    ],
    [
      'a web chat that is not there',
      () => ({ webChat: { webChatId: 'gone' } }),
      {},
      'bad web-chat: gone is not there (404)',
    ],
    [
      'a knowledge base that is not there',
      () => {
        const all = 'all' as const;
        const grant = (id: string) => ({ knowledgeBases: [{ id, files: all, faqs: all }] });
        const rules = [{ when: { role: 'staff' }, grant: grant('c0a80101-0000-4000-8000-0000000000ff') }];
        return { permissions: { none: grant(knowledgeBase), rules } };
      },
      {},
      'bad knowledge-bases: MaiAgent has none of the id c0a80101-0000-4000-8000-0000000000ff: copy the ids',
    ],
    [
      'a MaiAgent that does not answer',
      () => ({ maiAgent: { baseUrl: elsewhere, inboxId } }),
      {},
      `bad maiagent: ${elsewhere} does not answer from here`,
    ],
    [
      'no key before a deployment',
      () => ({}),
      { stands: false },
      'unknown maiagent: no key to ask with: set MAIAGENT_API_KEY',
    ],
  ])('%s', async (_, changes, one, says) => {
    expect((await found(changes(), patientWith(one))).join('\n')).toContain(says);
  });

  it('no secret and no key, whatever they are', async () => {
    const sources = JSON.stringify({ other: [webhookSecret] });
    const all = JSON.stringify(
      await examine(stageOf(), patientWith({ key: 'a-key-nobody-may-see', sources }), undefined),
    );
    expect(all).not.toContain('nobody-may-see');
    expect(all).not.toContain(webhookSecret);
  });
});

describe('the readers of a topic', () => {
  const answering = (answer: () => Promise<unknown>) =>
    ({ send: answer }) as unknown as Parameters<typeof readersOf>[0];
  it.each<[string, () => Promise<unknown>, number]>([
    [
      'who have confirmed count, and who have not do not',
      async () => ({
        Subscriptions: [
          { SubscriptionArn: 'arn:aws:sns:eu-west-1:123456789012:alarms:1' },
          { SubscriptionArn: 'PendingConfirmation' },
        ],
      }),
      1,
    ],
    ['are none where nobody has subscribed', async () => ({}), 0],
    [
      'are not known of a topic of somebody else',
      () => Promise.reject(Object.assign(new Error('no'), { name: 'AuthorizationErrorException' })),
      1,
    ],
  ])('%s', async (_, answer, readers) => {
    expect(await readersOf(answering(answer), 'arn:aws:sns:eu-west-1:123456789012:alarms')).toBe(readers);
  });
});

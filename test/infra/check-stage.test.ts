import { RegionInfo } from 'aws-cdk-lib/region-info';
import { describe, expect, it } from 'vitest';
import { cognitoApi } from '../../functions/rules/stores/cognito-api.ts';
import { checkStage } from '../../infra/check-stage.ts';
import { settingsOf } from '../../infra/config.ts';
import { localStage } from '../../infra/stages/local.ts';
import { mistakesOf, sampleStage } from './sample-stage.ts';

const labelled = {
  when: { role: 'staff' },
  grant: {
    ...sampleStage().permissions.none,
    labels: { operator: 'AND' as const, conditions: [{ label: 'c0a80101-0000-4000-8000-000000000002' }] },
  },
};

describe('checkStage', () => {
  it('takes every region that the CDK knows, for a stage and for a user pool, which is asked where its partition has it', () => {
    for (const { name: region, domainSuffix } of RegionInfo.regions) {
      const read = { userPoolId: `${region}_Sample000` };
      const aws = { account: '123456789012', region };
      const stage = checkStage(sampleStage({ aws, sources: [{ kind: 'cognito', name: 'pool', read }] }));
      expect(stage.aws).toEqual(aws);
      const first = cognitoApi({ ...read, lossShare: 0.1 })
        .read('sample')
        .next();
      if (!region.includes('-iso'))
        expect(first.value).toMatchObject({ url: `https://cognito-idp.${region}.${domainSuffix}/` });
    }
    expect(() => checkStage(sampleStage({ aws: { account: '123456789012', region: 'europe' } }))).toThrow('a region');
  });

  it('fills in the public service, the standard OIDC claims and safe limits', () => {
    const { maiAgent, claims, webChat, throttle, ...rest } = checkStage(sampleStage());
    expect(maiAgent).toMatchObject({ baseUrl: 'https://api.maiagent.ai', apiPrefix: '/api/v1' });
    expect(claims).toEqual({
      userId: 'sub',
      name: 'name',
      email: 'email',
      phoneNumber: 'phone_number',
      avatar: 'picture',
      roles: 'roles',
      groups: 'groups',
      attributes: {},
    });
    expect(webChat).toMatchObject({
      baseUrl: 'https://chat.maiagent.ai/web-chats',
      scriptUrl: 'https://chat.maiagent.ai/js/embed.min.js',
    });
    expect(throttle.visitors.ratePerSecond).toBeLessThan(throttle.default.ratePerSecond);
    expect(rest).toMatchObject({
      visitorsPerHour: 1_000,
      leaseMs: 90_000,
      sendBudgetMs: 15_000,
      logRetentionDays: 30,
      sources: [],
      maiAgentLimits: { concurrency: 2, requestsPerSecond: 5 },
      broadcasts: { concurrency: 2, requestsPerSecond: 5, callMs: 60_000, retentionDays: 400 },
      auditDays: 7,
    });
  });

  it('lets one claim be renamed and leaves the others', () => {
    const { claims } = checkStage(sampleStage({ claims: { roles: 'https://corp.test/roles' } }));
    expect(claims).toMatchObject({ roles: 'https://corp.test/roles', groups: 'groups' });
  });

  it('lets one limit be set and leaves the other', () => {
    const { maiAgentLimits } = checkStage(sampleStage({ maiAgentLimits: { concurrency: 9 } }));
    expect(maiAgentLimits).toEqual({ concurrency: 9, requestsPerSecond: 5 });
  });

  it('refuses a pace at which a function would come to no end with one contact', () => {
    const [slow, enough] = [0.39, 0.6].map((requestsPerSecond) => ({ concurrency: 2, requestsPerSecond }));
    expect(mistakesOf(sampleStage({ maiAgentLimits: slow, broadcasts: slow }))).toMatch(
      /maiAgentLimits must have requestsPerSecond of at least 0.4 .*\n.*broadcasts must have .* 0.6 /,
    );
    expect(mistakesOf(sampleStage({ maiAgentLimits: { concurrency: 30 } }))).toContain('at least 6 for');
    expect(mistakesOf(sampleStage({ maiAgentLimits: enough, broadcasts: enough }))).toBe('no mistake');
  });

  it('lets a lease be shorter than MaiAgent needs on this machine alone', () => {
    const leaseMs = 20_000;
    expect(mistakesOf(sampleStage({ stage: 'local', leaseMs }))).toBe('no mistake');
    expect(mistakesOf(sampleStage({ leaseMs }))).toBe(
      'stage dev: leaseMs must be at least sendBudgetMs + 30000: a shorter lease can make two contacts for one user',
    );
    expect(mistakesOf(sampleStage({ leaseMs: 44_999 }))).toContain('leaseMs must be');
    expect(mistakesOf(sampleStage({ leaseMs: 45_000 }))).toBe('no mistake');
  });

  it.each([
    [
      'no value for people whom no rule fits',
      { permissions: { rules: [] } },
      'permissions.none is required: say what someone whom no rule fits may query; MaiAgent may read nothing, {} and [] as "everything"',
    ],
    [
      'an empty list of knowledge bases',
      { permissions: { none: { knowledgeBases: [] }, rules: [] } },
      'permissions.none.knowledgeBases is not right (Too small: expected array to have >=1 items): say what someone',
    ],
    [
      'no inbox',
      { maiAgent: {} },
      'maiAgent.inboxId is required: copy the inbox’s id, a UUID, from the MaiAgent console',
    ],
    ['an inbox that is no UUID', { maiAgent: { inboxId: 'sales' } }, 'maiAgent.inboxId must be a UUID: copy'],
    [
      'an API without TLS',
      { maiAgent: { ...sampleStage().maiAgent, baseUrl: 'http://api.sample.test' } },
      'maiAgent.baseUrl must be https, because the API key travels there',
    ],
    [
      'the API’s former host',
      { maiAgent: { ...sampleStage().maiAgent, baseUrl: 'https://api.maiagent.com' } },
      'maiAgent.baseUrl is not MaiAgent: the API is at https://api.maiagent.ai',
    ],
    [
      'an issuer without TLS',
      { tokens: { issuer: 'http://login.sample.test', audience: ['a'] } },
      'tokens.issuer must be https',
    ],
    [
      'an issuer on this machine that no gateway could read',
      { tokens: { issuer: 'ftp://localhost', audience: ['a'] } },
      'tokens.issuer must be https',
    ],
    [
      'no audience',
      { tokens: { issuer: 'https://login.sample.test', audience: [] } },
      'tokens.audience must have one to fifty entries',
    ],
    ['a star in an origin', { origins: ['https://*.corp.test'] }, 'origins.0 must be one exact origin'],
    ['any origin', { origins: ['*'] }, 'origins.0 must be one exact origin, such as https://portal.corp.example'],
    ['an origin with a path', { origins: ['https://portal.sample.test/'] }, 'origins.0 must be one exact origin'],
    ['an origin without TLS', { origins: ['http://portal.sample.test'] }, 'origins.0 must be one exact origin'],
    [
      'the address of the discovery document for the issuer',
      { tokens: { issuer: 'https://login.sample.test/.well-known/openid-configuration', audience: ['a'] } },
      'tokens.issuer must be the issuer itself, not the address of its discovery document',
    ],
    [
      'a misspelt condition',
      {
        permissions: {
          ...sampleStage().permissions,
          rules: [{ when: { roles: 'staff' }, grant: sampleStage().permissions.none }],
        },
      },
      "permissions.rules.0.when has no field \"roles\": it must be { role: '…' }, { group: '…' }",
    ],
    [
      'labels in a rule where grants add up',
      { permissions: { ...sampleStage().permissions, combine: 'all', rules: [labelled] } },
      "permissions.rules.0.grant.labels must not be there with combine: all, because labels narrow the whole query: give the rule no labels, or leave combine: 'all' out",
    ],
    ['a place that is none', { aws: { account: '1', region: 'eu-west-1' } }, 'aws.account must be the twelve digits'],
    ['no origin', { origins: [] }, 'origins must have one to fifty entries: list each site'],
    [
      'two sources with one name',
      {
        sources: [
          { kind: 'generic', name: 'portal' },
          { kind: 'clerk', name: 'portal' },
        ],
      },
      'sources must have names of their own, each once: list your user stores',
    ],
    [
      'a table without its stream',
      { sources: [{ kind: 'table', name: 'users' }] },
      'sources.0.streamArn is required: copy the ARN of the latest stream',
    ],
    [
      'a table’s own ARN in place of its stream’s',
      { sources: [{ kind: 'table', name: 'users', streamArn: 'arn:aws:dynamodb:eu-west-1:123456789012:table/Users' }] },
      'sources.0.streamArn is not right',
    ],
    [
      'a source with the name of the back end',
      { sources: [{ kind: 'generic', name: 'api' }] },
      'sources.0.name is taken: it names the back end or the token: choose a word for the store',
    ],
    [
      'a source with the name of the token',
      { sources: [{ kind: 'generic', name: 'token' }] },
      'sources.0.name is taken',
    ],
    [
      'a kind of source that there is not',
      { sources: [{ kind: 'ldap', name: 'portal' }] },
      "sources.0.kind is not right (Invalid discriminator value. Expected 'generic'",
    ],
    [
      'a secret in a declaration',
      { sources: [{ kind: 'generic', name: 'portal', secret: 'whsec_sample' }] },
      'sources.0 has no field "secret"',
    ],
    ['no function for MaiAgent at all', { maiAgentLimits: { concurrency: 0 } }, 'maiAgentLimits.concurrency is not'],
    [
      'a call that outlives the function which makes it',
      { broadcasts: { callMs: 180_000 } },
      'broadcasts.callMs is not right (Too big: expected number to be <=60000): say what MaiAgent may be asked by broadcast',
    ],
    ['an audit that never ends', { auditDays: 0 }, 'auditDays is not right'],
    ['a misspelt field', { visitorsPerDay: 5 }, 'the stage has no field "visitorsPerDay"'],
    ['a period that CloudWatch does not know', { logRetentionDays: 31 }, 'logRetentionDays is not right'],
    ['a name that no stack can have', { stage: 'Dev_1' }, 'stage must be 1 to 31 small letters, digits and hyphens'],
  ])('refuses %s', (_name, changes, message) => {
    const lines = mistakesOf({ ...sampleStage(), ...changes }).split('\n');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(`stage ${'stage' in changes ? changes.stage : 'dev'}: ${message}`);
  });

  it('tells every mistake at once', () => {
    expect(mistakesOf({ ...sampleStage(), origins: ['*'], tokens: {} }).split('\n')).toHaveLength(3);
  });

  it('refuses what is no configuration at all', () => {
    expect(mistakesOf(undefined)).toBe('stage (without a name): the stage is required');
  });
});

describe('localStage', () => {
  it('is its own issuer and has sample rules by role, group and attribute', () => {
    const stage = checkStage(
      localStage({
        port: 3000,
        maiAgentBaseUrl: 'http://127.0.0.1:4010',
        maiAgentApiPrefix: '/api',
        inboxId: '7d0c1e52-2f6f-4a43-9c55-0b8f6c0f1a01',
        webChat: { webChatId: 'sample' },
      }),
    );
    expect(stage.tokens).toEqual({ issuer: 'http://localhost:3000', audience: ['contact-bridge'] });
    expect(stage.origins).toEqual(['http://localhost:3000', 'http://127.0.0.1:3000']);
    expect([stage.leaseMs, stage.sendBudgetMs]).toEqual([20_000, 8_000]);
    expect(stage.broadcasts).toMatchObject({ concurrency: 2, requestsPerSecond: 50, callMs: 8_000 });
    const kinds = stage.permissions.rules.map(({ when }) => Object.keys(when)[0]);
    expect(kinds).toEqual(['role', 'group', 'attribute']);
    expect(stage.sources.map(({ kind, name }) => [kind, name])).toEqual([['generic', 'generic']]);
  });
});

describe('settingsOf', () => {
  it('holds nothing of the stack: no inbox, no issuer, no origin', () => {
    expect(Object.keys(settingsOf(checkStage(sampleStage()), 1)).toSorted()).toEqual([
      'auditDays',
      'broadcasts',
      'claims',
      'clearWith',
      'deployment',
      'isBehindEdge',
      'leaseMs',
      'logRetentionDays',
      'maiAgentLimits',
      'metadata',
      'permissions',
      'quarantineDays',
      'sendBudgetMs',
      'sources',
      'visitorDays',
      'visitorsPerHour',
      'visitorsPerHourAndNetwork',
      'webChat',
    ]);
  });
});

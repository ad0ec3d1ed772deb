import { checkStage, StageError } from '../../infra/check-stage.ts';
import type { StageConfig } from '../../infra/config.ts';

/** A whole stage of samples, in which a test may replace any part. */
export function sampleStage(changes: Partial<StageConfig> = {}): StageConfig {
  return {
    stage: 'dev',
    maiAgent: { inboxId: '7d0c1e52-2f6f-4a43-9c55-0b8f6c0f1a01' },
    tokens: { issuer: 'https://login.sample.test/', audience: ['sample-audience'] },
    origins: ['https://portal.sample.test', 'http://localhost:8080'],
    webChat: { webChatId: 'sample-web-chat' },
    permissions: {
      none: { knowledgeBases: [{ id: 'c0a80101-0000-4000-8000-000000000001', files: 'all', faqs: 'all' }] },
      rules: [],
    },
    ...changes,
  };
}

/** What a person reads who has made this mistake. */
export function mistakesOf(config: unknown): string {
  try {
    checkStage(config);
  } catch (error) {
    if (error instanceof StageError) return error.message;
    throw error;
  }
  return 'no mistake';
}

const streamArn = 'arn:aws:dynamodb:eu-west-1:123456789012:table/Users/stream/2026-01-01T00:00:00.000';
const kms = (id: string) => `arn:aws:kms:eu-west-1:123456789012:key/${id}`;
/** The key of a user table that is not of the stack. */
export const tableKeyArn = kms('22222222-2222-4222-8222-222222222222');
const topic = (name: string) => `arn:aws:sns:eu-west-1:123456789012:${name}`;

const aws = { account: '123456789012', region: 'eu-west-1' };
const tokens = { issuer: 'https://login.intranet.test/', audience: ['sample-audience'] };

/** Stages of each kind that docs/deployment.md tells of, each with one thing that the others have not. */
export const kindsOfStages: Readonly<Record<string, StageConfig>> = {
  'minimal dev': sampleStage(),
  'full prod': sampleStage({
    stage: 'prod',
    aws,
    alarmEmail: 'ops@sample.test',
    sources: [{ kind: 'generic', name: 'portal' }],
  }),
  'no reservation': sampleStage({ reserveConcurrency: false }),
  'custom domain': sampleStage({
    domain: { name: 'chat.sample.test', certificateArn: 'arn:aws:acm:eu-west-1:123456789012:certificate/abc-1' },
  }),
  VPC: sampleStage({ vpc: { subnetIds: ['subnet-0123456789abcdef0'], securityGroupIds: ['sg-0123456789abcdef0'] } }),
  'customer keys': sampleStage({ encryptionKeyArn: kms('11111111-1111-4111-8111-111111111111') }),
  'Lambda authorizer': sampleStage({ tokens: { ...tokens, keys: { url: 'https://login.intranet.test/keys' } } }),
  'another region': sampleStage({ stage: 'tokyo', aws: { ...aws, region: 'ap-northeast-1' } }),
  'two audiences': sampleStage({ tokens: { ...tokens, audience: ['members', 'partners'] } }),
};

/** Its events come by EventBridge. */
export const eventsStage = sampleStage({
  aws,
  encryptionKeyArn: kms('11111111-1111-4111-8111-111111111111'),
  sources: [
    { kind: 'cognito', name: 'pool', read: { userPoolId: 'eu-west-1_Sample000' } },
    {
      kind: 'auth0',
      name: 'people',
      bus: 'aws.partner/auth0.com/corp-00000000-0000-4000-8000-000000000000/auth0.events',
    },
  ],
});

/** As long a name as a stage may have, and every option on. */
export const wholeStage = sampleStage({
  stage: 'production-of-the-whole-company',
  aws: { account: '123456789012', region: 'eu-west-1' },
  tokens: {
    issuer: 'https://login.intranet.test/',
    audience: ['sample-audience'],
    userScope: 'chat',
    keys: { keys: [{ kty: 'EC', kid: 'one', crv: 'P-256', x: 'x', y: 'y' }] },
  },
  tags: { owner: 'chat', 'cost-center': '4711' },
  permissionsBoundaryArn: 'arn:aws:iam::123456789012:policy/bounded',
  encryptionKeyArn: kms('11111111-1111-4111-8111-111111111111'),
  alarmEmail: 'ops@sample.test',
  alarmTopics: { urgent: topic('urgent'), later: topic('later') },
  domain: { name: 'chat.sample.test', certificateArn: 'arn:aws:acm:eu-west-1:123456789012:certificate/abc-1' },
  vpc: { subnetIds: ['subnet-0123456789abcdef0'], securityGroupIds: ['sg-0123456789abcdef0'] },
  tracing: true,
  platformLogs: true,
  logForwarding: {
    destinationArn: 'arn:aws:firehose:eu-west-1:123456789012:deliverystream/logs',
    roleArn: 'arn:aws:iam::123456789012:role/logs',
  },
  logRetentionDays: 365,
  sources: [
    { kind: 'generic', name: 'portal' },
    { kind: 'table', name: 'users', streamArn, keyPrefix: 'user#', kmsKeyArn: tableKeyArn },
    { kind: 'table', name: 'staff', streamArn, keyPrefix: 'staff#' },
    { kind: 'scim', name: 'directory' },
    {
      kind: 'keycloak',
      name: 'corp',
      proof: { mode: 'hmac' },
      read: { issuer: 'https://sso.sample.test/realms/corp', clientId: 'bridge', fullReadHours: 24 },
    },
  ],
});

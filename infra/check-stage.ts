import * as z from 'zod';
import { stageSchema, type Stage } from './config.ts';

/** A stage that cannot be used. Its message is for the person who wrote the file: one line for each mistake. */
export class StageError extends Error {
  override readonly name = 'StageError';
}

/** What a person must do, by the path of the field; the longest path that fits is told. */
const advice: Record<string, string> = {
  stage: "name the stage, such as 'dev'; it becomes the stack contact-bridge-<stage>",
  maiAgent: 'give at least inboxId, the inbox in which this audience’s contacts live',
  'maiAgent.baseUrl': 'give the origin of the API, such as https://api.maiagent.ai',
  'maiAgent.apiPrefix': "choose '/api/v1' or '/api'",
  'maiAgent.inboxId': 'copy the inbox’s id, a UUID, from the MaiAgent console',
  tokens: 'give the issuer and the audience of your users’ tokens',
  'tokens.issuer': 'copy it from your identity provider, exactly as its tokens carry it',
  'tokens.audience': 'list the "aud" (or client id) of the tokens that this API shall believe',
  'tokens.userScope': 'give one scope that the access tokens of people carry and those of services do not',
  scopes: 'say how the issuer writes contacts.* and broadcasts.*: { prefix, claim }, or leave it out',
  backOfficeClients: 'list the client ids of the back ends that may use contacts.* and broadcasts.*, or leave it out',
  origins: 'list each site that embeds the chat, such as https://portal.corp.example',
  webChat: 'give at least webChatId',
  'webChat.webChatId': 'copy it from the embed dialog of the MaiAgent console',
  permissions: 'say what people may query: { none, rules }',
  'permissions.none':
    'say what someone whom no rule fits may query; MaiAgent may read nothing, {} and [] as "everything"',
  'permissions.rules': 'list the rules, or [] where everyone gets the same',
  'permissions.rules.grant.labels': "give the rule no labels, or leave combine: 'all' out",
  'permissions.combine': "choose 'first' or 'all', or leave it out: 'first'",
  'permissions.rules.when':
    "have a source or a claim tell it, or declare what your back end sends: sources: [..., { kind: 'api', attributes: ['…'] }]",
  sources:
    'list your user stores, the strongest first: { kind, name, … }; docs/webhooks/README.md has one of each kind',
  'sources.kind': "choose 'generic', 'keycloak', 'auth0', 'clerk', 'workos', 'cognito' or 'table'",
  'sources.name': "choose a word for the store, such as 'portal'; it becomes part of the webhook's address",
  'sources.streamArn':
    'copy the ARN of the latest stream from the table’s page; the stream must show new and old images',
  maiAgentLimits: 'say what MaiAgent may be asked by sync: { concurrency, requestsPerSecond }',
  broadcasts: 'say what MaiAgent may be asked by broadcast: { concurrency, requestsPerSecond, callMs, retentionDays }',
  auditDays: 'say in how many days every contact is read again once',
  aws: "say where this stage stands: { account: '123456789012', region: 'ap-northeast-1' }",
  domain: 'give name and certificateArn, of a certificate in the same region (docs/deployment.md)',
  vpc: 'give subnetIds and securityGroupIds from which MaiAgent is reached (docs/deployment.md)',
  logRetentionDays: 'choose one of the periods of CloudWatch Logs, such as 30',
};

/** The configuration with its defaults, or a `StageError` that names path, problem and what to do, for every mistake at once. */
export function checkStage(config: unknown): Stage {
  const result = stageSchema.safeParse(config);
  if (result.success) return result.data;
  const lines = result.error.issues.map((issue) => lineOf(issue, config));
  throw new StageError(lines.join('\n'));
}

function lineOf(issue: z.core.$ZodIssue, config: unknown): string {
  const path = issue.path.map(String);
  const field = path.length === 0 ? 'the stage' : path.join('.');
  const what = adviceFor(path);
  return `stage ${stageNameIn(config)}: ${field} ${problemOf(issue, config)}${what ? `: ${what}` : ''}`;
}

function problemOf(issue: z.core.$ZodIssue, config: unknown): string {
  if (issue.code === 'invalid_union' && issue.path.at(-1) === 'when')
    return conditionProblem(valueAt(config, issue.path));
  if (issue.code === 'unrecognized_keys') return `has no field ${issue.keys.map((key) => `"${key}"`).join(', ')}`;
  if (valueAt(config, issue.path) === undefined) return 'is required';
  return /^(must|is) /.test(issue.message) ? issue.message : `is not right (${issue.message})`;
}

const conditionWords = ['role', 'group', 'attribute', 'equals', 'all', 'any'];

/** A condition has one of several forms, so that zod can only say that it has none of them. */
function conditionProblem(value: unknown): string {
  const keys = typeof value === 'object' && value !== null ? Object.keys(value) : [];
  const unknown = keys.filter((key) => !conditionWords.includes(key)).map((key) => `"${key}"`);
  const forms = "{ role: '…' }, { group: '…' }, { attribute: '…', equals: '…' }, { all: [...] } or { any: [...] }";
  return `${unknown.length > 0 ? `has no field ${unknown.join(', ')}: it` : 'is no condition: it'} must be ${forms}`;
}

/** The place in a list says nothing about what belongs there. */
function adviceFor(path: readonly string[]): string | undefined {
  const names = path.filter((part) => !/^\d+$/.test(part));
  for (let length = names.length; length > 0; length--) {
    const known = advice[names.slice(0, length).join('.')];
    if (known) return known;
  }
  return undefined;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], value);
}

function stageNameIn(config: unknown): string {
  const name = valueAt(config ?? {}, ['stage']);
  return typeof name === 'string' && name !== '' ? name : '(without a name)';
}

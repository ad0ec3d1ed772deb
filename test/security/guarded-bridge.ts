import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import path from 'node:path';
import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { canonicalJson, hashOf } from '../../functions/rules/canonical.ts';
import type { StageConfig } from '../../infra/config.ts';
import { localStage } from '../../infra/stages/local.ts';
import { synthesize } from '../../infra/synth.ts';
import { startDynamoDb } from '../../local/data/dynamodb.ts';
import { startEmulator, type Emulator } from '../../local/emulator/server.ts';
import { makeTemporaryFolder } from '../../local/data/folder-claim.ts';
import { openServer, portOf, startRunner } from '../../local/runner/runner.ts';
import { createForgery, type Forgery } from './forgery.ts';

/** A route as the synthesised template has it. */
export interface TemplateRoute {
  readonly key: string;
  readonly authorization: 'NONE' | 'JWT' | 'AWS_IAM' | 'CUSTOM';
  readonly scopes: readonly string[];
}

/** The template that is deployed, running behind its own authorizer, with an issuer whose keys the test holds. */
export interface GuardedBridge {
  readonly url: string;
  readonly routes: readonly TemplateRoute[];
  readonly emulator: Emulator;
  /** Makes good tokens, and bad ones of every kind. */
  readonly forgery: Forgery;
  /** The secrets of the sources `generic` and `other`. */
  readonly secrets: { readonly generic: string; readonly other: string };
  /** What the functions wrote so far. */
  readonly lines: string[];
  /** Everything in every table of the stack, as text. */
  rows(): Promise<string>;
  /** Changes with every write to a table and every call at MaiAgent. */
  trace(): Promise<string>;
  close(): Promise<void>;
}

const inboxId = '8f14e45f-ceea-467f-a0e6-3d1e5a7c0001';
export const audience = 'contact-bridge';

/**
 * Starts it. Not `startBridge`: its issuer signs no token for another audience and none without an expiry, and those have to be
 * refused for what they say and not for their signature.
 */
export async function startGuardedBridge(
  change: (stage: StageConfig) => StageConfig = (stage) => stage,
): Promise<GuardedBridge> {
  const [server, dynamoDb, emulator] = await Promise.all([
    openServer(0),
    startDynamoDb({ engine: 'embedded' }),
    startEmulator({ apiKey: 'sample-api-key', inboxes: [{ id: inboxId, name: 'Sample inbox' }] }),
  ]);
  const url = `http://localhost:${portOf(server)}`;
  const forgery = await createForgery(url, audience);
  const folder = makeTemporaryFolder();
  const whole = localStage({
    port: portOf(server),
    maiAgentBaseUrl: emulator.url,
    maiAgentApiPrefix: '/api/v1',
    inboxId,
    webChat: { webChatId: 'sample-web-chat' },
    sources: [
      { kind: 'generic', name: 'other' },
      { kind: 'scim', name: 'directory' },
    ],
  });
  const { directory, stackName } = await synthesize(change(whole), { outdir: folder.path, validate: false });
  await withoutSchedules(path.join(directory, `${stackName}.template.json`));
  const secrets = { generic: newSecret(), other: newSecret() };
  const lines: string[] = [];
  const runner = await startRunner({
    server,
    assemblyDir: directory,
    stackName,
    dynamoDbEndpoint: dynamoDb.endpoint,
    secretValues: {
      SecretsMaiAgentApiKey: emulator.apiKey,
      SecretsSourceSecrets: JSON.stringify({ generic: [secrets.generic], other: [secrets.other] }),
    },
    localRoutes: (req, res) => answerIssuer(req, res, url, forgery),
    log: (line) => void lines.push(line),
  });
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const client = new DynamoDBClient({ endpoint: dynamoDb.endpoint, region: 'us-east-1', credentials });
  const rows = async (): Promise<string> => {
    const tables = runner.tableNames.map(async (TableName) => {
      const { Items = [] } = await client.send(new ScanCommand({ TableName, ConsistentRead: true }));
      // The engine gives attributes in any order.
      return Items.map((item) => canonicalJson(unmarshall(item))).toSorted();
    });
    return JSON.stringify(await Promise.all(tables));
  };
  return {
    url,
    routes: await routesIn(path.join(directory, `${stackName}.template.json`)),
    emulator,
    forgery,
    secrets,
    lines,
    rows,
    trace: async () => `${emulator.calls.length} calls, rows ${hashOf(await rows())}`,
    async close() {
      client.destroy();
      await runner.close();
      await Promise.all([emulator.close(), dynamoDb.close()]);
      folder.remove();
    },
  };
}

const newSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`;

/** The discovery document and the keys, as any OIDC provider has them; everything else is for the API. */
function answerIssuer(req: IncomingMessage, res: ServerResponse, url: string, { keys }: Forgery): boolean {
  const documents: Record<string, unknown> = {
    '/.well-known/openid-configuration': { issuer: url, jwks_uri: `${url}/.well-known/jwks.json` },
    '/.well-known/jwks.json': keys,
  };
  const document = documents[req.url ?? ''];
  if (!document) return false;
  res.setHeader('content-type', 'application/json').end(JSON.stringify(document));
  return true;
}

/** What a sweep writes is no trace of a request. */
async function withoutSchedules(file: string): Promise<void> {
  const template = JSON.parse(await readFile(file, 'utf8')) as { Resources: Record<string, { Type: string }> };
  const kept = Object.entries(template.Resources).filter(([, { Type }]) => Type !== 'AWS::Scheduler::Schedule');
  await writeFile(file, JSON.stringify({ ...template, Resources: Object.fromEntries(kept) }));
}

async function routesIn(template: string): Promise<TemplateRoute[]> {
  const { Resources } = JSON.parse(await readFile(template, 'utf8')) as {
    Resources: Record<string, { Type: string; Properties: Record<string, unknown> }>;
  };
  return Object.values(Resources)
    .filter(({ Type }) => Type === 'AWS::ApiGatewayV2::Route')
    .map(({ Properties }) => ({
      key: String(Properties['RouteKey']),
      authorization: (Properties['AuthorizationType'] ?? 'NONE') as TemplateRoute['authorization'],
      scopes: (Properties['AuthorizationScopes'] ?? []) as string[],
    }));
}

import { randomInt, randomUUID } from 'node:crypto';
import type http from 'node:http';
import * as z from 'zod/mini';
import { type GuardedServer, startGuardedServer } from '../http/guard.ts';
import { TemplateError } from './intrinsics.ts';
import type { Resource } from './template.ts';

/** A running Secrets Manager that knows `GetSecretValue` and nothing else. */
export interface SecretsEndpoint extends GuardedServer {
  /** Gives a secret a new value, as `PutSecretValue` would. The id is a logical id, a name or an ARN. */
  set(id: string, value: string): void;
}

interface Secret {
  readonly logicalId: string;
  readonly arn: string;
  readonly name: string;
  /** Undefined for a secret that was created without a value. */
  value: string | undefined;
  versionId: string;
}

const generateSchema = z.strictObject({
  PasswordLength: z.optional(z.int()),
  ExcludePunctuation: z.optional(z.boolean()),
  ExcludeNumbers: z.optional(z.boolean()),
  ExcludeUppercase: z.optional(z.boolean()),
  ExcludeLowercase: z.optional(z.boolean()),
  ExcludeCharacters: z.optional(z.string()),
  IncludeSpace: z.optional(z.literal(false)),
  RequireEachIncludedType: z.optional(z.boolean()),
});

/**
 * Starts the endpoint with the secrets of the template. A value given in `values`, by logical id or name, comes before a generated
 * one.
 * Only the programs with `key` are answered.
 */
export async function startSecrets(
  resources: readonly Resource[],
  values: Readonly<Record<string, string>>,
  key: string,
): Promise<SecretsEndpoint> {
  const secrets = resources.map((resource) => secretOf(resource, values));
  for (const id of Object.keys(values))
    if (!find(secrets, id)) throw new Error(`a value was given for the secret ${id}, which the stack does not have`);
  const server = await startGuardedServer(key, (req, res) => answer(secrets, req, res));
  return {
    ...server,
    set: (id, value) => {
      const secret = find(secrets, id);
      if (!secret) throw new Error(`the stack has no secret ${id}`);
      secret.value = value;
      secret.versionId = randomUUID();
    },
  };
}

function secretOf({ logicalId, properties, identity }: Resource, values: Readonly<Record<string, string>>): Secret {
  const name = identity.ref.replace(/^.*:secret:/, '').replace(/-local1$/, '');
  const given = values[name] ?? values[withoutHash(logicalId)] ?? values[logicalId];
  const value = given ?? generated(logicalId, properties['GenerateSecretString']);
  return { logicalId, arn: identity.ref, name, value, versionId: randomUUID() };
}

/** The logical id as CDK's author wrote it: the construct's path without the eight digits that make it unique. */
function withoutHash(logicalId: string): string {
  return logicalId.replace(/[0-9A-F]{8}$/, '');
}

function find(secrets: readonly Secret[], id: string): Secret | undefined {
  return secrets.find(({ logicalId, arn, name }) => [logicalId, withoutHash(logicalId), arn, name].includes(id));
}

/** A random text as `GenerateSecretString` asks for it; undefined where it asks for nothing. */
function generated(logicalId: string, asked: unknown): string | undefined {
  if (asked === undefined) return undefined;
  const parsed = z.safeParse(generateSchema, asked);
  if (!parsed.success) throw new TemplateError(`${logicalId}: ${z.prettifyError(parsed.error)}`);
  const { PasswordLength = 32, ExcludeCharacters = '', ...exclude } = parsed.data;
  const alphabet = [
    exclude.ExcludeLowercase ? '' : 'abcdefghijklmnopqrstuvwxyz',
    exclude.ExcludeUppercase ? '' : 'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
    exclude.ExcludeNumbers ? '' : '0123456789',
    exclude.ExcludePunctuation ? '' : '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~',
  ]
    .join('')
    .split('')
    .filter((character) => !ExcludeCharacters.includes(character));
  return Array.from({ length: PasswordLength }, () => alphabet[randomInt(alphabet.length)]).join('');
}

/** A request names one secret; nothing larger is read. */
const bodyLimitBytes = 10_000;

async function answer(secrets: readonly Secret[], req: http.IncomingMessage, res: http.ServerResponse): Promise<void> {
  const say = (status: number, body: object) => {
    res.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' });
    res.end(JSON.stringify(body));
  };
  if (req.headers['x-amz-target'] !== 'secretsmanager.GetSecretValue')
    return say(400, { __type: 'UnknownOperationException', message: 'only GetSecretValue runs here' });
  let body = '';
  for await (const chunk of req as AsyncIterable<Buffer>) {
    body += chunk.toString('utf8');
    if (body.length > bodyLimitBytes) return void req.destroy();
  }
  const secret = find(secrets, secretIdOf(body));
  if (secret?.value === undefined) {
    const what = secret ? 'secret value for staging label: AWSCURRENT' : 'secret';
    return say(400, {
      __type: 'ResourceNotFoundException',
      Message: `Secrets Manager can't find the specified ${what}.`,
    });
  }
  say(200, {
    ARN: secret.arn,
    Name: secret.name,
    SecretString: secret.value,
    VersionId: secret.versionId,
    VersionStages: ['AWSCURRENT'],
    CreatedDate: 0,
  });
}

function secretIdOf(body: string): string {
  try {
    const { SecretId } = JSON.parse(body) as { SecretId?: unknown };
    return typeof SecretId === 'string' ? SecretId : '';
  } catch {
    return '';
  }
}

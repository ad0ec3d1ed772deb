import { randomInt, randomUUID } from 'node:crypto';
import type http from 'node:http';
import * as z from 'zod/mini';
import { type GuardedServer, startGuardedServer } from '../http/guard.ts';
import { readJson } from '../http/body.ts';
import { withoutHash } from './identities.ts';
import { properties, read } from './properties.ts';
import type { Resource } from './template.ts';

interface Secret {
  readonly logicalId: string;
  readonly arn: string;
  readonly name: string;
  /** Undefined for a secret that was created without a value. */
  readonly value: string | undefined;
  readonly versionId: string;
}

const secretSchema = properties(
  {
    Name: z.optional(z.string()),
    GenerateSecretString: z.optional(z.strictObject({ PasswordLength: z.int(), ExcludePunctuation: z.literal(true) })),
  },
  'Description',
);

/** Starts a Secrets Manager with `GetSecretValue` alone. A value in `values`, by logical id or name, comes before a generated one. */
export async function startSecrets(
  resources: readonly Resource[],
  values: Readonly<Record<string, string>>,
  key: string,
): Promise<GuardedServer> {
  const secrets = resources.map((resource) => secretOf(resource, values));
  for (const id of Object.keys(values))
    if (!find(secrets, id)) throw new Error(`a value was given for the secret ${id}, which the stack does not have`);
  return startGuardedServer(key, (req, res) => answer(secrets, req, res));
}

function secretOf(resource: Resource, values: Readonly<Record<string, string>>): Secret {
  const { logicalId, identity } = resource;
  const { GenerateSecretString } = read(secretSchema, resource);
  const name = identity.ref.replace(/^.*:secret:/, '').replace(/-local1$/, '');
  const given = values[name] ?? values[withoutHash(logicalId)] ?? values[logicalId];
  const value = given ?? (GenerateSecretString && generated(GenerateSecretString.PasswordLength));
  return { logicalId, arn: identity.ref, name, value, versionId: randomUUID() };
}

function find(secrets: readonly Secret[], id: string): Secret | undefined {
  return secrets.find(({ logicalId, arn, name }) => [logicalId, withoutHash(logicalId), arn, name].includes(id));
}

const lettersAndDigits = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

function generated(length: number): string {
  return Array.from({ length }, () => lettersAndDigits[randomInt(lettersAndDigits.length)]).join('');
}

/** A request names one secret; nothing larger is read. */
const bodyLimitBytes = 10_000;
const requestSchema = z.object({ SecretId: z.string() });

async function answer(secrets: readonly Secret[], req: http.IncomingMessage, res: http.ServerResponse): Promise<void> {
  const say = (status: number, body: object) => {
    res.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' });
    res.end(JSON.stringify(body));
  };
  if (req.headers['x-amz-target'] !== 'secretsmanager.GetSecretValue')
    return say(400, { __type: 'UnknownOperationException', message: 'only GetSecretValue runs here' });
  const { data } = z.safeParse(requestSchema, await readJson(req, bodyLimitBytes));
  const secret = find(secrets, data?.SecretId ?? '');
  const what = secret ? 'secret value for staging label: AWSCURRENT' : 'secret';
  if (secret?.value === undefined)
    return say(400, {
      __type: 'ResourceNotFoundException',
      Message: `Secrets Manager can't find the specified ${what}.`,
    });
  const { arn: ARN, name: Name, value: SecretString, versionId: VersionId } = secret;
  say(200, { ARN, Name, SecretString, VersionId, VersionStages: ['AWSCURRENT'], CreatedDate: 0 });
}

import { GetSecretValueCommand, PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSecrets } from '../../local/runner/secrets.ts';
import { readStack } from '../../local/runner/template.ts';
import { writeMiniStack } from './mini-stack.ts';

const secret = (properties: object) => ({ Type: 'AWS::SecretsManager::Secret', Properties: properties });
const stack = writeMiniStack({
  resources: {
    Signing: secret({
      GenerateSecretString: { PasswordLength: 64, ExcludePunctuation: true },
    }),
    SecretsApiKeyB5A7F4D7: secret({ Description: 'set by a person' }),
    Named: secret({ Name: 'named' }),
    Empty: secret({}),
  },
});
const { resources } = readStack(stack.assemblyDir, stack.stackName, 'http://localhost:3000');
const arnOf = (id: string) => resources.find(({ logicalId }) => logicalId === id)?.identity.ref ?? '';

let endpoint: Awaited<ReturnType<typeof startSecrets>>;
let client: SecretsManagerClient;

beforeAll(async () => {
  endpoint = await startSecrets(resources, { SecretsApiKey: 'given', named: 'given by name' }, 'LOCALKEY');
  const credentials = { accessKeyId: 'LOCALKEY', secretAccessKey: 'local' };
  client = new SecretsManagerClient({ endpoint: endpoint.url, region: 'us-east-1', credentials, maxAttempts: 1 });
});

afterAll(async () => {
  client.destroy();
  await endpoint.close();
  stack.remove();
});

async function valueOf(SecretId: string): Promise<string | undefined> {
  return (await client.send(new GetSecretValueCommand({ SecretId }))).SecretString;
}

describe('the secrets of a template', () => {
  it('are read by ARN', async () => {
    expect(await valueOf(arnOf('Named'))).toBe('given by name');
  });

  it('are read by name', async () => {
    expect(await valueOf('named')).toBe('given by name');
  });

  it('have the value that was given for their id without its hash', async () => {
    expect(await valueOf(arnOf('SecretsApiKeyB5A7F4D7'))).toBe('given');
  });

  it('are generated as the template asks', async () => {
    expect(await valueOf(arnOf('Signing'))).toMatch(/^[a-zA-Z0-9]{64}$/);
  });

  it('have one value for as long as the runner runs', async () => {
    expect(await valueOf(arnOf('Signing'))).toBe(await valueOf(arnOf('Signing')));
  });

  it.each(['nowhere', ''])('are not found by the id %j', async (id) => {
    await expect(valueOf(id)).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  it('are not found as long as they have no value', async () => {
    await expect(valueOf(arnOf('Empty'))).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  it('cannot be written by a function', async () => {
    const put = client.send(new PutSecretValueCommand({ SecretId: 'named', SecretString: 'other' }));
    await expect(put).rejects.toMatchObject({ name: 'UnknownOperationException' });
  });

  it('stop the start when a value is given for one that does not exist', async () => {
    await expect(startSecrets(resources, { Typo: 'x' }, 'LOCALKEY')).rejects.toThrow(/Typo/);
  });
});

import type http from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openServer, portOf } from '../../local/runner/runner.ts';
import { run } from './broadcast-stub.ts';

/** Stands in for CloudFormation and Secrets Manager: a stack that stands, and the key that its functions have. */
let server: http.Server;
beforeAll(async () => {
  server = await openServer(0);
  server.on('request', (req: http.IncomingMessage, res: http.ServerResponse) => void answer(req, res));
});
afterAll(() => server.close().closeAllConnections());

async function answer(req: http.IncomingMessage, res: http.ServerResponse): Promise<void> {
  await text(req);
  const output =
    '<member><OutputKey>SetApiKeyCommand</OutputKey><OutputValue>aws --secret-id arn:key …</OutputValue></member>';
  const stack = `<member><StackStatus>CREATE_COMPLETE</StackStatus><Outputs>${output}</Outputs></member>`;
  const stacks = `<DescribeStacksResult><Stacks>${stack}</Stacks></DescribeStacksResult>`;
  const isSecret = req.headers['x-amz-target'] !== undefined;
  res.end(isSecret ? '{"SecretString":"deployed-key"}' : `<DescribeStacksResponse>${stacks}</DescribeStacksResponse>`);
}

it.each([
  ['the one that is given', { MAIAGENT_API_KEY: 'next-key' }, 'the key in MAIAGENT_API_KEY'],
  ['the deployed one', {}, 'the key of the bridge'],
])('doctor --probe tries %s, and says so before it asks', async (_, given, said) => {
  const variables = {
    AWS_ENDPOINT_URL: `http://127.0.0.1:${portOf(server)}`,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'sample',
    AWS_SECRET_ACCESS_KEY: 'sample',
    ...given,
  };
  const { err } = await run(['doctor', '--probe', '--stage', 'dev'], { variables });
  expect(err).toContain(`with ${said}. `);
  expect(err).toContain('nothing was done');
});

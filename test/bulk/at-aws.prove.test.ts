import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json, text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openServer, portOf } from '../../local/runner/runner.ts';
import { bareEnv } from '../rigs/bare-env.ts';

interface Answer {
  readonly status?: number;
  readonly error?: string;
  readonly body: object;
}

let folder = '';
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'at-aws-'))));
afterAll(() => rm(folder, { recursive: true }));

/** Runs a command against what stands in for Lambda's API, and for STS: it gives these answers in turn. */
async function atAws(args: readonly string[], ...answers: Answer[]) {
  const calls: { readonly path: string; readonly event: Record<string, unknown> }[] = [];
  const server = await openServer(0);
  const answer = async (req: http.IncomingMessage, res: http.ServerResponse): Promise<void> => {
    const who =
      '<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::1:user/x</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>';
    if (req.url === '/') return void res.end(who);
    if (req.url?.endsWith('/configuration'))
      return void res.end(
        '{"FunctionArn":"arn:aws:lambda:us-east-1:1:function:x","Environment":{"Variables":{"LINKS_TABLE":"L"}}}',
      );
    calls.push({ path: req.url ?? '', event: (await json(req)) as Record<string, unknown> });
    const { status = 200, error, body } = answers[calls.length - 1] ?? { status: 500, body: {} };
    res.writeHead(status, error ? { [status === 200 ? 'x-amz-function-error' : 'x-amzn-errortype']: error } : {});
    res.end(JSON.stringify(body));
  };
  server.on('request', (req, res) => void answer(req, res));
  const child = spawn(process.execPath, ['local/cli.ts', ...args, '--stage', 'prod'], {
    env: {
      ...bareEnv,
      AWS_ENDPOINT_URL: `http://127.0.0.1:${portOf(server)}`,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'sample',
      AWS_SECRET_ACCESS_KEY: 'sample',
    },
  });
  const [[code], out, err] = await Promise.all([once(child, 'exit'), text(child.stdout), text(child.stderr)]);
  server.close();
  return { code: code as number | null, out, err, calls };
}

it('sends rows to the function of the stage, again where it is held back, and says who asks', async () => {
  const path = join(folder, 'two.csv');
  await writeFile(path, 'userId,name\na,A\nb,B\n');
  const users = ['a', 'b'].map((userId) => ({ outcome: 'created', userId, columns: [] }));
  const { code, out, calls } = await atAws(
    ['import', path, '--source', 'portal', '--as-of', '2026-01-01T00:00:00Z', '--yes'],
    {
      status: 429,
      error: 'TooManyRequestsException',
      body: { Reason: 'ReservedFunctionConcurrentInvocationLimitExceeded' },
    },
    { error: 'Unhandled', body: { errorMessage: 'settings_outdated' } },
    { body: { users } },
    { body: { users } },
  );
  expect([code, out]).toMatchObject([0, expect.stringContaining('2 rows: 2 were created') as string]);
  expect(new Set(calls.map((call) => call.path))).toEqual(
    new Set(['/2015-03-31/functions/contact-bridge-prod-user-changed/invocations']),
  );
  expect(calls.map(({ event }) => event['isDryRun'])).toEqual([true, true, true, undefined]);
  const asked = { import: 'portal', asOf: '2026-01-01T00:00:00Z', isTable: true, operator: 'arn:aws:iam::1:user/x' };
  expect(calls[3]?.event).toMatchObject({ ...asked, rows: [{ text: '{"userId":"a","name":"A"}' }, {}] });
});

it('audits and applies by the function that speaks to MaiAgent', async () => {
  const found = { kind: 'permission', pk: 'user#a', contactId: 'c1', link: 'l', contact: 'c' };
  const audited = await atAws(['audit', '--user', 'a'], { body: { differences: [found], underWay: 1 } });
  expect(audited).toMatchObject({ code: 2, out: `${JSON.stringify(found)}\n` });
  expect(audited.err).toBe('1 difference, 1 permission\n1 is being worked on: ask again\n');
  const sync = '/2015-03-31/functions/contact-bridge-prod-sync/invocations';
  expect(audited.calls).toMatchObject([{ path: sync, event: { compare: [{ pk: 'user#a' }] } }]);

  const path = join(folder, 'plan.jsonl');
  await writeFile(path, audited.out);
  const applied = await atAws(['audit', '--apply', path, '--yes'], {
    body: [{ ...found, why: 'its link has changed' }],
  });
  expect(applied).toMatchObject({ code: 2, calls: [{ path: sync, event: { mend: [found] } }] });
  expect(JSON.parse(applied.out)).toEqual({ ...found, why: 'its link has changed' });
  expect(applied.err).toBe('0 are put right within minutes, 1 was left alone\n');
  await writeFile(path, '{"kind":"other"}\n');
  expect(await atAws(['audit', '--apply', path, '--yes'])).toMatchObject({ code: 1, calls: [] });
});

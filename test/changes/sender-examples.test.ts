import { execFile, execFileSync } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { proveDelivery, readDelivery, sourceSchema } from '../../functions/rules/sources/source.ts';
import { webhookSecret } from '../rigs/change-rig.ts';

const secret = webhookSecret('of the examples');
const source = sourceSchema.parse({ kind: 'generic', name: 'hr' });

function isHere(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** The delivery that a program sends to a server which answers 202, and what the program printed. */
async function sentBy(program: string, file: string) {
  const sent: { headers: Record<string, unknown>; body: Buffer }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      sent.push({ headers: request.headers, body: Buffer.concat(chunks) });
      response.writeHead(202).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/webhooks/hr`;
  try {
    const env = { ...process.env, WEBHOOK_URL: url, WEBHOOK_SECRET: secret };
    const { stdout } = await promisify(execFile)(program, [`docs/webhooks/examples/${file}`], { env });
    return { printed: stdout.trim(), sent };
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

it.for([
  [process.execPath, 'send.ts'],
  ['python3', 'send.py'],
  ['php', 'send.php'],
] as const)('%s %s sends what the bridge proves and reads', async ([program, file], { skip }) => {
  if (!isHere(program)) return skip();
  const { printed, sent } = await sentBy(program, file);
  expect([printed, sent.length]).toEqual(['202', 1]);
  const [{ headers, body } = { headers: {}, body: Buffer.alloc(0) }] = sent;
  if (source.kind !== 'generic') throw new Error('the source is a webhook');
  const nowMs = Date.now();
  const header = (name: string) => headers[name] as string | undefined;
  const proof = await proveDelivery(source, [secret], { header, body, nowMs });
  expect(proof).toMatchObject({ eventId: header('webhook-id') });
  expect(readDelivery(source, { key: '', ...proof, body, readAtMs: nowMs })).toMatchObject({
    userId: 'sample-member',
    change: { kind: 'update', told: { name: 'Sample Member', roles: ['staff'] } },
  });
});

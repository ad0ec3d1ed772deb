import { execFileSync, fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

/** What the endpoint answers: DynamoDB's and Secrets Manager's by operation, MaiAgent's by method. */
export type Canned = Readonly<Record<string, object>>;

/** A certificate for this machine alone, for two days, by OpenSSL. */
function makeCertificate(folder: string): { readonly key: string; readonly certificate: string } {
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  const name = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  execFileSync('openssl', ['req', '-x509', ...kind, ...name, '-keyout', key, '-out', certificate], { stdio: 'pipe' });
  return { key, certificate };
}

export interface Endpoint {
  readonly url: string;
  readonly certificate: string;
  /** Answers this from now on, and gives what was asked since the last time. */
  answer(canned: Canned): Promise<string[]>;
  close(): void;
}

/** Starts the endpoint in a process of its own, so that its work is not counted. */
export async function startEndpoint(folder: string): Promise<Endpoint> {
  const { key, certificate } = makeCertificate(folder);
  const server: ChildProcess = fork(import.meta.filename, [key, certificate]);
  const [port] = (await once(server, 'message')) as [number];
  return {
    url: `https://localhost:${port}`,
    certificate,
    async answer(canned) {
      server.send(canned);
      const [asked] = (await once(server, 'message')) as [string[]];
      return asked;
    },
    close: () => server.disconnect(),
  };
}

/**
 * AWS and MaiAgent as seen from a function: TLS, kept connections, and answers that cost the same whatever is asked, because a benchmark of
 * functions must not depend on how fast a local engine is.
 */
function serve(key: string, certificate: string): void {
  let answers = new Map<string, { readonly status: number; readonly body: Buffer }>();
  let asked: string[] = [];
  const server = createServer({ key: readFileSync(key), cert: readFileSync(certificate) }, (request, response) => {
    const name = String(request.headers['x-amz-target'] ?? request.method).replace(/^.*\./, '');
    asked.push(name);
    const { status = 400, body = Buffer.from(`{"__type":"ValidationException","message":"no ${name}"}`) } =
      answers.get(name) ?? {};
    request.resume().on('end', () => {
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0', 'content-length': body.length });
      response.end(body);
    });
  });
  server.keepAliveTimeout = 60_000;
  process.on('message', (canned: Canned) => {
    const written = ([name, answer]: [string, object]) =>
      [name, { status: '__type' in answer ? 400 : 200, body: Buffer.from(JSON.stringify(answer)) }] as const;
    answers = new Map(Object.entries(canned).map(written));
    process.send?.(asked);
    asked = [];
  });
  process.on('disconnect', () => process.exit(0));
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
}

if (import.meta.main) serve(...(process.argv.slice(2) as [string, string]));

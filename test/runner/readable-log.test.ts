import { expect, it } from 'vitest';
import { logFor } from '../../local/http/log-memory.ts';

const request = {
  timestamp: '2030-01-01T09:00:00.000Z',
  level: 'info',
  job: 'identify',
  event: 'request',
  route: 'POST /v1/identity',
  status: 200,
  ms: 12,
  requestId: 'r-1',
  person: 'p_1',
};
const metric = { timestamp: request.timestamp, level: 'error', _aws: { Timestamp: 1 }, function: 'f', Accepted: 1 };
const lines = [request, { ...request, level: 'warn', event: 'unavailable', code: 'c' }, metric]
  .map((line) => JSON.stringify(line))
  .concat('not JSON');

function written(isTTY: boolean): string[] {
  const texts: string[] = [];
  const log = logFor({ isTTY, write: (text: string) => texts.push(text) } as unknown as NodeJS.WriteStream);
  for (const line of lines) log(line);
  return texts;
}

it('a terminal gets lines to be read, without metrics, and without whom they are about', () => {
  const [first, second, ...others] = written(true);
  expect(first).toMatch(/^\d\d:\d\d:00  identify  request  POST \/v1\/identity  status=200  ms=12\n$/);
  expect(second).toMatch(/^\S+  WARN  identify  unavailable  POST \/v1\/identity .*code=c\n$/);
  expect(others).toEqual(['not JSON\n']);
});

it('a program gets every line as it is', () => expect(written(false)).toEqual(lines.map((line) => `${line}\n`)));

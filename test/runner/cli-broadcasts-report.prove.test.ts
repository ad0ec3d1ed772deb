import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { broadcastId, cli, problem, type Reply, startBroadcastStub, type StubApi } from './broadcast-stub.ts';

const route = `GET /v1/broadcasts/${broadcastId}/recipients`;
const run = '2027-03-01T01:00:00Z';
const at = '2027-03-01T01:00:03Z';
const header = 'run,userId,contactId,state,reason,messageId,conversationId,at\n';

let stub: StubApi;
let folder: string;

beforeAll(async () => {
  stub = await startBroadcastStub();
  folder = mkdtempSync(path.join(tmpdir(), 'cli-broadcasts-'));
});
afterAll(async () => {
  await stub.close();
  rmSync(folder, { recursive: true });
});
beforeEach(() => stub.forget());

const report = (...args: string[]) => cli(['report', broadcastId, '--local', stub.url, ...args]);

const recipient = (userId: string | null, state = 'sent', said: object = {}) => {
  const none = { contactId: null, reason: null, messageId: null, conversationId: null, at };
  return { userId, state, ...none, ...said };
};
const page = (recipients: object[], next: string | null = null): Exclude<Reply, 'hang up'> => ({
  body: { run, recipients, next },
});

describe('broadcast report', () => {
  it('writes every recipient, page by page, and keeps to one run', async () => {
    const [messageId, conversationId] = [
      '3f0c2f1e-94a1-4f7e-8a2a-5d6c1f7b9e02',
      '3f0c2f1e-94a1-4f7e-8a2a-5d6c1f7b9e03',
    ];
    const sent = { messageId, conversationId };
    const byContact = recipient(null, 'failed', { contactId: broadcastId, reason: 'not_delivered' });
    stub.answer(route, page([recipient('member-1', 'sent', sent)], 'p/2'), page([byContact, recipient('member-3')]));
    expect(await report()).toEqual({
      code: 0,
      out: `${header}${run},member-1,,sent,,${messageId},${conversationId},${at}
${run},,${broadcastId},failed,not_delivered,,,${at}
${run},member-3,,sent,,,,${at}\n`,
      err: '3 recipients: sent 2, failed 1\n',
    });
    expect(stub.callsOf(route).map((call) => call.route.slice(route.length))).toEqual([
      '',
      '?run=2027-03-01T01%3A00%3A00Z&from=p%2F2',
    ]);
  });

  it('is of the run that is asked for, and says when that is not over', async () => {
    stub.answer(route, page([recipient('member-1', 'claimed'), recipient('member-2', 'planned')]));
    const { err } = await report('--run', run);
    expect(err).toBe('2 recipients: claimed 1, planned 1\nthe run is not over: this is how it stands now\n');
    expect(stub.callsOf(route)[0]?.route).toBe(`${route}?run=2027-03-01T01%3A00%3A00Z`);
  });

  it('has a header alone where nobody was to be reached', async () => {
    stub.answer(route, page([]));
    expect(await report()).toEqual({ code: 0, out: header, err: '0 recipients\n' });
  });

  it('lets no spreadsheet run a cell as a formula, and keeps every cell one cell', async () => {
    const formulas = ['=1+1', '+1', '-1', '@a', '\ta', '\ra'];
    const plain = ['a=b', 'a,b', 'say "a"', 'two\nlines', ' =1', "'a"];
    stub.answer(
      route,
      page([...formulas, ...plain].map((id) => recipient(id, 'failed', { reason: formulas.includes(id) ? id : null }))),
    );
    const { out } = await report();
    const guarded = [
      "'=1+1,,failed,'=1+1",
      "'+1,,failed,'+1",
      "'-1,,failed,'-1",
      "'@a,,failed,'@a",
      "'\ta,,failed,'\ta",
    ];
    const quoted = ['"\'\ra",,failed,"\'\ra"', 'a=b,,failed,', '"a,b",,failed,', '"say ""a""",,failed,'];
    const cells = [...guarded, ...quoted, '"two\nlines",,failed,', ' =1,,failed,', "'a,,failed,"];
    expect(out).toBe(header + cells.map((cell) => `${run},${cell},,,${at}\n`).join(''));
  });

  it('writes a file that only its owner reads, in the place of an older one', async () => {
    const out = path.join(folder, 'report.csv');
    writeFileSync(out, 'an older report');
    stub.answer(route, page([recipient('member-1')]));
    expect(await report('--out', out)).toEqual({ code: 0, out: '', err: '1 recipient: sent 1\n' });
    expect(readFileSync(out, 'utf8')).toBe(`${header}${run},member-1,,sent,,,,${at}\n`);
    expect(statSync(out).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['report.csv']);
  });

  it('leaves no half of a report behind, and an older one as it is', async () => {
    const out = path.join(folder, 'report.csv');
    writeFileSync(out, 'an older report');
    stub.answer(route, page([recipient('member-1')], 'p2'), problem(500, 'internal_error', 'The bridge failed.'));
    const { code, err } = await report('--out', out);
    expect(code).toBe(1);
    expect(err).toBe('contact-bridge: The bridge failed (internal_error) [request request-1]\n');
    expect(readFileSync(out, 'utf8')).toBe('an older report');
    expect(readdirSync(folder)).toEqual(['report.csv']);
  });

  it('ends with status 1 where the file cannot be written', async () => {
    stub.answer(route, page([]));
    const { code, err } = await report('--out', path.join(folder, 'nowhere', 'report.csv'));
    expect(code).toBe(1);
    expect(err).toMatch(/^contact-bridge: \S+report.csv cannot be written: .*ENOENT.*\n$/);
  });

  it('ends with status 1 where no run has begun, and where no page is the last', async () => {
    stub.answer(route, problem(404, 'not_found', 'There is nothing at this address.'));
    expect(await report()).toMatchObject({ code: 1, err: expect.stringContaining('no such run of it') });
    stub.answer(route, page([recipient('member-1')], 'p2'));
    expect(await report()).toMatchObject({ code: 1, err: expect.stringContaining('the list is not whole') });
    expect(stub.callsOf(route)).toHaveLength(3);
  });

  it('ends quietly where its reader has seen enough', async () => {
    // More than a pipe holds, so that the writer is still at it when the reader leaves.
    const many = Array.from({ length: 5_000 }, (_, at) => recipient(`member-${at}`.padEnd(100, '0')));
    stub.answer(route, page(many));
    const program = fileURLToPath(new URL('../../local/cli.ts', import.meta.url));
    const command = `"${process.execPath}" "${program}" broadcast report ${broadcastId} --local ${stub.url}`;
    const child = spawn('bash', ['-c', `set -o pipefail; ${command} | head -n 1`], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [out, err] = ['', ''];
    child.stdout.on('data', (text: Buffer) => (out += text.toString()));
    child.stderr.on('data', (text: Buffer) => (err += text.toString()));
    const code = await new Promise((settle) => void child.once('close', settle));
    expect({ code, out }).toEqual({ code: 0, out: header });
    expect(err).toBe('');
  });
});

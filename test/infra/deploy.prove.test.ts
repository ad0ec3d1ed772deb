import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { loadStage } from '../../infra/load-stage.ts';
import { placeholdersIn } from '../../infra/placeholders.ts';
import { stage as devTemplate } from '../../infra/stages/dev.ts';
import { sampleStage } from './sample-stage.ts';
import { synthesized } from './synthesized.ts';

/** Runs a program of infra/ as a person does, and gives what they see. */
async function run(program: 'deploy' | 'app', ...parameters: string[]) {
  return runIn({}, program, ...parameters);
}

async function runIn(env: Readonly<Record<string, string>>, program: 'deploy' | 'app', ...parameters: string[]) {
  const child = spawn(process.execPath, [`infra/${program}.ts`, ...parameters], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: code as number, stdout, stderr };
}

describe('npm run deploy', () => {
  it('refuses the template for a stage and names every line to fill in', async () => {
    const { code, stderr } = await run('deploy', '--stage', 'dev');
    expect(code).toBe(1);
    expect(stderr.trimEnd().split('\n')).toEqual([
      'stage dev: fill in these lines before you deploy:',
      expect.stringMatching(/^ {2}infra\/stages\/dev\.ts:\d+ maiAgent\.inboxId is still '0{8}-/),
      expect.stringMatching(/dev\.ts:\d+ tokens\.issuer is still 'https:\/\/login\.corp\.example\/'$/),
      expect.stringMatching(/dev\.ts:\d+ tokens\.audience\.0 is still 'replace-with-the-audience'$/),
      expect.stringMatching(/dev\.ts:\d+ origins\.0 is still 'https:\/\/portal\.corp\.example'$/),
      expect.stringMatching(/dev\.ts:\d+ webChat\.webChatId is still 'replace-with-the-web-chat-id'$/),
      expect.stringMatching(/dev\.ts:\d+ permissions\.none\.knowledgeBases\.0\.id is still '0{8}-/),
    ]);
  });

  it('explains itself', async () => {
    expect(await run('deploy', '--help')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('--dry-run'),
      stderr: '',
    });
    expect(await run('deploy', '--prod')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("unknown option '--prod'"),
    });
    expect(await run('deploy', '--destroy', '--dry-run')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("'--destroy' cannot be used with option '--dry-run'"),
    });
  });
});

describe('an option that npm kept for itself', () => {
  it.each([
    ['deploy', 'npm_config_dry_run', 'true', 'npm kept --dry-run for itself: write npm run deploy -- --dry-run'],
    ['deploy', 'npm_config_stage', 'prod', 'npm kept --stage for itself: write npm run deploy -- --stage'],
    ['app', 'npm_config_stage', 'prod', 'npm kept --stage for itself: write npm run synth -- --stage'],
  ] as const)('is refused by %s: %s', async (program, name, value, says) => {
    const { code, stderr } = await runIn({ [name]: value }, program);
    expect([code, stderr]).toEqual([1, expect.stringContaining(says)]);
  });
});

describe('npm run synth', () => {
  it('explains itself', async () => {
    expect(await run('app', '--help')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('--stage'),
      stderr: '',
    });
    expect(await run('app', '--stag', 'dev')).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining("unknown option '--stag'"),
    });
  });

  it('names the file that a stage is missing, and shows no stack trace', async () => {
    expect(await run('app', '--stage', 'sample')).toEqual({
      code: 1,
      stdout: '',
      stderr: 'stage sample: infra/stages/sample.ts is missing: copy infra/stages/dev.ts and fill it in\n',
    });
  });
});

describe('synthesize', () => {
  it('passes the template’s own validation, with nothing of the stage filled in', async () => {
    const { assembly } = await synthesized({ ...devTemplate, alarmEmail: 'ops@sample.test' }, true);
    expect(assembly.stackName).toBe('contact-bridge-dev');
  });

  it('passes it with what stands in front of the API', async () => {
    const apiUrl = 'https://sample.execute-api.eu-central-1.amazonaws.com';
    const edge = { apiUrl, requestsPer5Minutes: 300 };
    expect(await synthesized(sampleStage({ edge }), true)).toBeDefined();
  });
});

describe('loadStage', () => {
  it('leaves the local stage to the local runner', async () => {
    await expect(loadStage('local')).rejects.toThrow('stage local: it is for this machine alone: run npm start');
  });

  it('reads no file outside infra/stages', async () => {
    await expect(loadStage('../config')).rejects.toThrow('is missing');
  });
});

describe('placeholdersIn', () => {
  it('finds nothing in a stage that is filled in', () => {
    expect(placeholdersIn(sampleStage(), '')).toEqual([]);
  });

  it('takes the next line for each occurrence, and no line of a comment', () => {
    const nil = '00000000-0000-0000-0000-000000000000';
    const source = [`// ${nil}`, `inboxId: '${nil}',`, '', `none: { knowledgeBases: [{ id: '${nil}' }] },`].join('\n');
    const none = { knowledgeBases: [{ id: nil, files: 'all', faqs: 'all' }] } as const;
    const config = sampleStage({
      maiAgent: { inboxId: nil },
      permissions: { none: { ...none, knowledgeBases: [...none.knowledgeBases] }, rules: [] },
    });
    expect(placeholdersIn(config, source).map(({ path, line }) => [path, line])).toEqual([
      ['maiAgent.inboxId', 2],
      ['permissions.none.knowledgeBases.0.id', 4],
    ]);
  });
});

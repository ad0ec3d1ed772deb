import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { faultsOf, layers } from './layers.ts';

const project = join(import.meta.dirname, '..', '..');
const paths = globSync('{functions,infra,local,browser,packages,demo,docs,test}/**/*.{ts,js,cjs}', {
  cwd: project,
  exclude: ['**/dist/**'],
});
const sources = new Map(paths.map((path) => [path, readFileSync(join(project, path), 'utf8')]));

/** What is wrong with files of these texts. */
const faultsWith = (planted: Readonly<Record<string, string>>): readonly string[] =>
  faultsOf(new Map(Object.entries(planted)));

describe('the layers', () => {
  it('hold: nobody imports what the layer forbids, and no imports lead in a circle', () => {
    expect(faultsOf(sources)).toEqual([]);
  });

  it('are each some files that are there', () => {
    const unused = layers.filter(({ files }) => globSync(files, { cwd: project }).length === 0);
    expect(unused).toEqual([]);
  });
});

describe('a forbidden import is refused in the layer of', () => {
  it.each([
    ['the rules', 'functions/rules/backoff.ts', '../io/clock.ts'],
    ['the rules', 'functions/rules/contacts/link.ts', '../../env.ts'],
    ['the rules', 'functions/rules/contacts/link.ts', '../../contacts/reconcile.ts'],
    ['the rules', 'functions/rules/contacts/link.ts', 'node:fs'],
    ['the rules', 'functions/rules/contacts/link.ts', '@aws-sdk/client-dynamodb'],
    ['the effects', 'functions/io/lease.ts', '../env.ts'],
    ['the effects', 'functions/io/aws/intake.ts', '../../contacts/record-change.ts'],
    ['the effects', 'functions/io/aws/intake.ts', '../../sync.ts'],
    ['the steps of contacts', 'functions/contacts/reconcile.ts', '../broadcasts/plan-run.ts'],
    ['the steps of contacts', 'functions/contacts/reconcile.ts', '../identify.ts'],
    ['the steps of changes', 'functions/changes/redrive.ts', '../contacts/record-change.ts'],
    ['the steps of broadcasts', 'functions/broadcasts/work-run.ts', '../contacts/reconcile.ts'],
    ['what every job stands on', 'functions/http.ts', './contacts/reconcile.ts'],
    ['what every job stands on', 'functions/env.ts', './io/clock.ts'],
    ['the jobs', 'functions/sync.ts', './identify.ts'],
    ['the jobs', 'functions/sync.ts', '../infra/config.ts'],
    ['the stack', 'infra/sync.ts', '../functions/sync.ts'],
    ['the stack', 'infra/sync.ts', '../functions/rules/backoff.ts'],
    ['the stack', 'infra/sync.ts', '../local/settings.ts'],
    ['the emulator', 'local/emulator/api.ts', '../../functions/rules/depth.ts'],
    ['the emulator', 'local/emulator/operations/messages.ts', '../../runner/clock.ts'],
    ['the emulator', 'local/emulator/api.ts', 'jose'],
    ['the runner', 'local/runner/runner.ts', '../../infra/config.ts'],
    ['the runner', 'local/runner/runner.ts', '../emulator/server.ts'],
    ['what runs on one machine', 'local/start.ts', '../functions/env.ts'],
    ['what runs on one machine', 'local/start.ts', '../test/rigs/mortal.ts'],
    ['the loader', 'browser/identify.ts', '../functions/rules/failure.ts'],
    ['the loader', 'browser/identify.ts', 'zod/mini'],
    ['the package', 'packages/web/react.ts', '../../functions/env.ts'],
    ['the package', 'packages/web/vue.ts', 'zod/mini'],
    ['the site of the documents', 'docs/site/pages.ts', '../../infra/config.ts'],
    ['the portal', 'demo/portal.js', '../browser/person.ts'],
  ])('%s: %s may not import %s', (layer, path, name) => {
    const expected = expect.stringContaining(`${path} is of ${layer} and may not import`);
    expect(faultsWith({ [path]: `import { any } from '${name}';` })).toContainEqual(expected);
  });

  it.each([
    ["import type { Link } from '../sync.ts';"],
    ["export * from '../sync.ts';"],
    ["import '../sync.ts';"],
    ["const job = await import('../sync.ts');"],
    ["const text = `${(await import('../sync.ts')).name}`;"],
    ["type Link = import('../sync.ts').Link;"],
    ["import job = require('../sync.ts');"],
    ["require('../sync.ts');"],
  ])('the rules, written as %s', (text) => {
    expect(faultsWith({ 'functions/rules/planted.ts': text })).toEqual([
      'functions/rules/planted.ts is of the rules and may not import functions/sync.ts',
    ]);
  });
});

describe('the gate of the layers refuses', () => {
  it('an import that is computed', () => {
    expect(faultsWith({ 'functions/planted.ts': "await import('.' + name);" })).toEqual([
      'functions/planted.ts is of the jobs and imports something that is computed',
    ]);
  });

  it('a file that belongs to no layer', () => {
    expect(faultsWith({ 'scripts/planted.ts': '' })).toEqual(['scripts/planted.ts belongs to no layer']);
  });

  it('an import from three folders above', () => {
    expect(faultsWith({ 'local/commands/broadcasts/api/planted.ts': "import '../../../settings.ts';" })).toEqual([
      'local/commands/broadcasts/api/planted.ts is of what runs on one machine and imports from 3 folders above: ../../../settings.ts',
    ]);
  });

  it('a circle of imports, of types too', () => {
    const planted = {
      'test/one.ts': "import type { Two } from './two.ts';",
      'test/two.ts': "import { three } from './three.ts';",
      'test/three.ts': "export * from './one.ts';",
    };
    expect(faultsWith(planted)).toEqual(['a circle: test/one.ts → test/two.ts → test/three.ts → test/one.ts']);
  });

  it('a seventeenth file in a folder', () => {
    const planted = Object.fromEntries(
      Array.from({ length: 17 }, (_, at) => [`functions/contacts/full/file-${at}.ts`, '']),
    );
    expect(faultsWith(planted)).toEqual(['functions/contacts/full holds 17 files instead of at most 16']);
  });

  it('nothing that is only named in a text or a comment', () => {
    const text = `/** import '../sync.ts'; */ export const text = "import '../sync.ts'"; // require('../sync.ts')`;
    expect(faultsWith({ 'functions/rules/planted.ts': text })).toEqual([]);
  });
});

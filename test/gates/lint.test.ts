import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const project = join(import.meta.dirname, '..', '..');

const lines = (count: number): string =>
  Array.from({ length: count }, (_, at) => `export const a${at} = ${at};\n`).join('');
const functionOf = (count: number): string =>
  `export function long(one: () => void) {\n${'  one();\n'.repeat(count - 2)}}\n`;

/** For each of our rules a text that just keeps it, and one that breaks it. */
const rules: Readonly<Record<string, { readonly keeps: string; readonly breaks: string }>> = {
  'max-lines': { keeps: lines(250), breaks: lines(251) },
  'max-lines-per-function': { keeps: functionOf(60), breaks: functionOf(61) },
  'no-restricted-globals': { keeps: 'export const fetch = 1;', breaks: "export const a = () => fetch('/');" },
  'no-restricted-properties': {
    keeps: "import * as z from 'zod/mini'; export const a = z.string().check(z.regex(/a/));",
    breaks: "import * as z from 'zod/mini'; export const a = z.string().check(z.maxLength(1));",
  },
  'no-console': { keeps: 'export const console = 1;', breaks: "export const a = () => console.log('a');" },
  'no-default-export': { keeps: 'export const a = 1;', breaks: 'export default 1;' },
  'no-explicit-any': { keeps: 'export const a: unknown = 1;', breaks: 'export const a: any = 1;' },
  'no-floating-promises': {
    keeps: 'export async function a(one: () => Promise<void>) { await one(); }',
    breaks: 'export function a(one: () => Promise<void>) { one(); }',
  },
  'switch-exhaustiveness-check': {
    keeps: "export function a(one: 'b' | 'c') { switch (one) { case 'b': return 1; case 'c': return 2; } }",
    breaks: "export function a(one: 'b' | 'c') { switch (one) { case 'b': return 1; } return 2; }",
  },
};

describe('the linter refuses what breaks', () => {
  let folder: string;
  let found: readonly string[];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'contact-bridge-lint-'));
    for (const file of ['.oxlintrc.json', 'tsconfig.json', 'package.json'])
      cpSync(join(project, file), join(folder, file));
    symlinkSync(join(project, 'node_modules'), join(folder, 'node_modules'));
    mkdirSync(join(folder, 'functions'));
    for (const [rule, { keeps, breaks }] of Object.entries(rules)) {
      writeFileSync(join(folder, 'functions', `keeps-${rule}.ts`), keeps);
      writeFileSync(join(folder, 'functions', `breaks-${rule}.ts`), breaks);
    }
    found = await lint(folder);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each(Object.keys(rules))('%s, and not what just keeps it', (rule) => {
    expect(found.filter((one) => one.endsWith(`(${rule})`))).toEqual([`breaks-${rule}.ts (${rule})`]);
  });
});

/** Each file with a rule that it breaks, under the project's own configuration. */
async function lint(folder: string): Promise<readonly string[]> {
  const script = join(folder, 'node_modules', 'oxlint', 'bin', 'oxlint');
  const args = [script, '--type-aware', '--format=json', 'functions'];
  const linter = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
  const { diagnostics } = JSON.parse(await text(linter.stdout)) as {
    diagnostics: readonly { filename: string; code: string }[];
  };
  return diagnostics.map(({ filename, code }) => `${filename.replace(/^.*\//, '')} ${code.replace(/^.*\(/, '(')}`);
}

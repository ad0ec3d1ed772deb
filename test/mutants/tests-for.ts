import { globSync } from 'node:fs';
import { join } from 'node:path';

/** Tests to be run together, each named by the beginning of its path from the root of the project. */
export type Tests = readonly string[];

const project = join(import.meta.dirname, '..', '..');
const testFiles: readonly string[] = globSync('test/**/*.test.ts', { cwd: project });

/** The tests of each room of functions/, beside those that mirror the room; the first beginning that fits decides. */
const rooms: readonly (readonly [room: string, tests: Tests])[] = [
  ['rules/scim/', ['test/scim/', 'test/fuzz/scim.']],
  ['io/scim/', ['test/scim/']],
  ['scim', ['test/scim/']],
  ['rules/contacts/', ['test/numbers/contacts.', 'test/contacts/', 'test/identify.', 'test/sync.', 'test/manage.']],
  ['rules/sources/', ['test/numbers/changes.', 'test/user-changed.', 'test/changes/']],
  ['rules/broadcasts/', ['test/numbers/broadcasts.', 'test/numbers/schedules.', 'test/broadcasts/', 'test/broadcast.']],
  ['rules/schedules/', ['test/numbers/schedules.', 'test/broadcasts/schedules.']],
  [
    'rules/http/',
    ['test/security/ids.', 'test/numbers/requests.', 'test/identify.', 'test/contacts/identify-', 'test/manage.'],
  ],
  ['rules/maiagent/', ['test/numbers/contacts.', 'test/io/maiagent/', 'test/contacts/', 'test/sync.']],
  ['rules/', ['test/numbers/', 'test/env.', 'test/contacts/', 'test/sync.']],
  [
    'io/aws/',
    [
      'test/numbers/',
      'test/user-changed.',
      'test/changes/quarantine.',
      'test/broadcasts/',
      'test/identify.',
      'test/sync.',
    ],
  ],
  ['io/', ['test/numbers/', 'test/io/', 'test/identify.', 'test/user-changed.']],
  ['contacts/', ['test/numbers/contacts.', 'test/identify.', 'test/sync.', 'test/manage.']],
  ['changes/', ['test/numbers/changes.', 'test/user-changed.']],
  ['broadcasts/', ['test/numbers/broadcasts.', 'test/numbers/schedules.', 'test/broadcast.']],
  ['', ['test/numbers/', 'test/contacts/', 'test/http-log.', 'test/manage.', 'test/broadcasts/']],
];

/** What is run where the nearest tests notice nothing: whole jobs, and then every fault at every boundary. */
const wider: readonly Tests[] = [
  [
    'test/rules/',
    'test/io/',
    'test/contacts/',
    'test/changes/',
    'test/broadcasts/',
    'test/numbers/',
    ...testFiles.filter((file) => /^test\/[^/]+$/.test(file)),
  ],
  ['test/world/boundaries/', 'test/changes/permutations'],
];

/** The tests that may notice that a file is weakened, in the order in which to try them: the near ones, and then the wider ones. */
export const testsFor = (files: readonly string[]): readonly Tests[] => [...nearTests(files), ...wider];

/** A file's own tests, and then its room's. */
export function nearTests(files: readonly string[]): readonly Tests[] {
  const paths = files.map((file) => file.replace(/^functions\//, ''));
  const own = paths.map((path) => `test/${path.replace(/\.ts$/, '')}`).filter(areThere);
  const near = paths.flatMap((path) => [
    ...mirrored(path),
    ...(rooms.find(([room]) => path.startsWith(room))?.[1] ?? []),
  ]);
  return [own, [...new Set(near)]].filter((tests) => tests.length > 0);
}

/** The folder of the tests that mirrors the folder of a file. The jobs lie beside the tests of everything, and have none. */
function mirrored(path: string): Tests {
  const folder = `test/${path.replace(/[^/]+$/, '')}`;
  return folder !== 'test/' && areThere(folder) ? [folder] : [];
}

/** Whether a test file's path begins so. */
export const areThere = (beginning: string): boolean => testFiles.some((file) => file.startsWith(beginning));

import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { bundleJobs } from '../../infra/bundle.ts';
import { sampleSettings } from '../rigs/sample-settings.ts';

interface Locked {
  readonly version: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly inBundle?: boolean;
  readonly hasInstallScript?: boolean;
}

const besideThis = (path: string): URL => new URL(`../../${path}`, import.meta.url);
const lock = JSON.parse(readFileSync(besideThis('package-lock.json'), 'utf8')) as { packages: Record<string, Locked> };
const packages = Object.entries(lock.packages).filter(([place]) => place !== '');

/** Licences under which an enterprise may run, change and pass on the code without opening its own. */
const permissive = new Set(['MIT', 'Apache-2.0', '0BSD', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'Unlicense']);

/** True where the expression (SPDX) leaves a choice of which one is permissive, or asks for several that all are. */
function isPermissive(expression = ''): boolean {
  return expression
    .replaceAll(/[()]/g, '')
    .split(' OR ')
    .some((choice) => choice.split(' AND ').every((one) => permissive.has(one.trim())));
}

/** The packages whose code is in a bundle, by their place in the lockfile. */
let bundled: string[];
beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'contact-bridge-bundle-'));
  try {
    const { functions, browser } = await bundleJobs(folder, sampleSettings);
    const inputs = [...Object.keys(functions.inputs), ...Object.keys(browser.inputs)];
    const places = inputs.flatMap(
      (input) => /node_modules\/(?:.*node_modules\/)?(?:@[^/]+\/)?[^/]+/.exec(input)?.[0] ?? [],
    );
    bundled = [...new Set(places)].toSorted();
  } finally {
    await rm(folder, { recursive: true });
  }
});

describe('the packages that are deployed', () => {
  it('are runtime dependencies of the lockfile, in the version that it names', () => {
    expect(bundled.length).toBeGreaterThan(10);
    for (const place of bundled) {
      const installed = JSON.parse(readFileSync(besideThis(`${place}/package.json`), 'utf8')) as Locked;
      const { version, dev = false } = lock.packages[place] ?? { version: 'not in the lockfile' };
      expect({ place, version, dev }).toEqual({ place, version: installed.version, dev: false });
    }
  });

  it('are under permissive licences, by the lockfile and by what is installed', () => {
    for (const place of bundled) {
      const installed = JSON.parse(readFileSync(besideThis(`${place}/package.json`), 'utf8')) as Locked;
      const license = lock.packages[place]?.license;
      expect({ place, license, isPermissive: isPermissive(license) }).toEqual({
        place,
        license: installed.license,
        isPermissive: true,
      });
    }
  });
});

describe('the lockfile', () => {
  it('names permissive licences for everything that is no tool of development', () => {
    const others = packages.filter(([, { dev, license }]) => !dev && !isPermissive(license));
    expect(others.map(([place, { license }]) => `${place}: ${license}`)).toEqual([]);
  });

  it('holds the hash of every package, and names no other place to get one than the registry', () => {
    const hasHash = ({ integrity = '', resolved = 'https://registry.npmjs.org/' }: Locked): boolean =>
      integrity.startsWith('sha512-') && resolved.startsWith('https://registry.npmjs.org/');
    // What another package carries inside itself came in that package's download, under its hash.
    const isSure = ([place, one]: (typeof packages)[number]): boolean =>
      one.inBundle ? packages.some(([other, whole]) => place.startsWith(`${other}/`) && hasHash(whole)) : hasHash(one);
    expect(packages.filter((one) => !isSure(one)).map(([place]) => place)).toEqual([]);
  });

  it('is what is installed, package by package', () => {
    const installed = packages.flatMap(([place, { version }]) => {
      const manifest = besideThis(`${place}/package.json`);
      // Binaries of other platforms are left out by npm.
      if (!existsSync(manifest)) return [];
      return [{ place, version, found: (JSON.parse(readFileSync(manifest, 'utf8')) as Locked).version }];
    });
    expect(installed.length).toBeGreaterThan(100);
    expect(installed.filter(({ version, found }) => version !== found)).toEqual([]);
  });

  it('is asked for one exact version of each package', () => {
    const { dependencies, devDependencies, optionalDependencies } = JSON.parse(
      readFileSync(besideThis('package.json'), 'utf8'),
    ) as Record<string, Record<string, string>>;
    const asked = Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies });
    expect(asked.filter(([, version]) => !/^(npm:[\w/@-]+@)?\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });

  it('has no package whose install script would run: package.json denies the ones there are', () => {
    const { allowScripts = {} } = JSON.parse(readFileSync(besideThis('package.json'), 'utf8')) as {
      allowScripts?: Record<string, boolean>;
    };
    const scripted = packages
      .filter(([, { hasInstallScript }]) => hasInstallScript)
      .map(([place]) => place.replace(/^.*node_modules\//, ''));
    expect(scripted.filter((name) => allowScripts[name] !== false)).toEqual([]);
  });
});

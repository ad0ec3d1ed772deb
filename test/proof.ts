import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';

/** Ends the name of a test that `npm test` leaves to `npm run prove`: it starts program after program, or is long at any size. */
export const proofName = '.prove.test.ts';

/** Everything that `npm test` leaves out, and what it tries a share of: whatever takes its size from `SCOPE`, by itself or by a helper. */
export function proofTests(): readonly string[] {
  const texts = new Map(globSync('test/**/*.ts').map((path) => [path, readFileSync(path, 'utf8')]));
  const sizes = [...texts].filter(([, text]) => /\bsized\(/.test(text)).map(([path]) => path);
  const isSized = (path: string, text: string): boolean =>
    sizes.includes(path) || sizes.some((size) => text.includes(`/${basename(size)}'`));
  return [...texts].flatMap(([path, text]) =>
    path.endsWith(proofName) || (path.endsWith('.test.ts') && isSized(path, text)) ? [path] : [],
  );
}

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Each release of the loader, `<version>.js` and `<version>.mjs`, as it is served for ever (docs/loader.md). */
export const releasedFolder = fileURLToPath(new URL('../released/', import.meta.url));

/** The hash by which a page holds a script to its content (W3C, "Subresource Integrity"). */
export const integrityOf = (content: Uint8Array): string =>
  `sha384-${createHash('sha384').update(content).digest('base64')}`;

/** The newest release, and its hash. */
export function newestLoader(): { readonly version: string; readonly integrity: string } {
  const scripts = readdirSync(releasedFolder).filter((name) => name.endsWith('.js'));
  const name = scripts.toSorted((one, other) => one.localeCompare(other, 'en', { numeric: true })).at(-1) ?? '';
  return { version: name.slice(0, -3), integrity: integrityOf(readFileSync(join(releasedFolder, name))) };
}

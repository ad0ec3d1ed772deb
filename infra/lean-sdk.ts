import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Loader, PluginBuild } from 'esbuild';
import standInsJson from './lean-sdk.json' with { type: 'json' };

/**
 * What is left out of the bundles, parts of libraries that no function uses: `part` is the end of a file's path without the extension, as a
 * regular expression, `code` stands there instead, `because` says why. A test fails where an upgrade has moved one, or where it is back.
 */
export const standIns: readonly { readonly part: string; readonly because: string; readonly code: string }[] =
  standInsJson;

/** The failures of AWS that the functions tell apart by class or read members of. Others stay errors with AWS's name, message and status. */
export const toldApart =
  /^(ConditionalCheckFailed|TransactionCanceled|TransactionConflict|ResourceNotFound|Conflict|Validation)Exception$/;

/** The file that stands in for the endpoint rules of each client, as it is written in a source text. */
const endpoints = JSON.stringify(fileURLToPath(new URL('lean-endpoints.ts', import.meta.url)));

/** Keeps out of the bundles what the SDK brings for places and operations that no function knows: 60 KB, and a third of a start. */
export function leanSdk(plugin: PluginBuild): void {
  const js = (contents: string) => ({ contents, loader: 'js' as Loader });
  plugin.onLoad({ filter: /node_modules\/@aws-sdk\/client-[a-z-]+\/package\.json$/ }, async ({ path }) => {
    const { version } = JSON.parse(await readFile(path, 'utf8')) as { version: string };
    return { contents: JSON.stringify({ version }), loader: 'json' };
  });
  for (const { part, code } of standIns)
    plugin.onLoad({ filter: new RegExp(`/node_modules/${part}\\.js$`) }, () => js(code));
  plugin.onLoad({ filter: /\/client-[a-z-]+\/dist-es\/endpoint\/endpointResolver\.js$/ }, ({ path }) => {
    const [, client] = /client-([a-z-]+)/.exec(path) ?? [];
    return js(
      `import { endpointOf } from ${endpoints}; export const defaultEndpointResolver = endpointOf('${client?.replaceAll('-', '')}');`,
    );
  });
  plugin.onLoad({ filter: /\/client-[a-z-]+\/dist-es\/schemas\/schemas_0\.js$/ }, async ({ path }) => {
    const schemas = await readFile(path, 'utf8');
    const line = /^n0_registry\.registerError\(\w+\$, (\w+)\);\n/gm;
    return js(schemas.replaceAll(line, (written, name: string) => (toldApart.test(name) ? written : '')));
  });
}

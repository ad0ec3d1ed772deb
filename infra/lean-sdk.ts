import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Loader, PluginBuild } from 'esbuild';

/** A part of a library that no function uses, and what stands there instead. */
interface StandIn {
  /** The end of its path, without the extension. */
  readonly part: string;
  readonly because: string;
  readonly code: string;
}

const nothing = (...names: readonly string[]): string =>
  names.map((name) => `export const ${name} = () => ({ applyToStack() {} });`).join('');

/** What is left out of the bundles. Each is a file of its library today; a test fails where an upgrade has moved it, or where it is back. */
export const standIns: readonly StandIn[] = [
  {
    part: '@smithy/core/dist-es/submodules/checksum/sha256/Sha256Js',
    because: 'a SHA-256 for a Node without one',
    code: 'export class Sha256Js {}',
  },
  {
    part: '@smithy/core/dist-es/submodules/retry/util-retry/AdaptiveRetryStrategy',
    because: 'the retry mode that no client here asks for',
    code: 'export class AdaptiveRetryStrategy {}',
  },
  {
    part: '@aws-sdk/middleware-endpoint-discovery/dist-es/resolveEndpointDiscoveryConfig',
    because: 'endpoint discovery is off, and DynamoDB does not need it',
    code: 'export const resolveEndpointDiscoveryConfig = (input) => input;',
  },
  {
    part: '@smithy/core/dist-es/submodules/config/node-config-provider/fromSharedConfigFiles',
    because: 'Lambda has no files of settings, and looking for them costs each start a few file system calls',
    code: "export const fromSharedConfigFiles = () => async () => { throw Object.assign(new Error('no shared file'), { tryNextLink: true }); };",
  },
  {
    part: '@smithy/core/dist-es/submodules/config/config-resolver/regionConfig/getInstanceMetadataRegion',
    because: 'the region is AWS_REGION, and Lambda has no instance metadata to ask for another',
    code: 'export const getInstanceMetadataRegion = async () => undefined;',
  },
  {
    part: '@smithy/core/dist-es/submodules/config/defaults-mode/resolveDefaultsModeConfig',
    because: 'what a mode decides is given outright in clients.ts: retries and time limits',
    code: "export const resolveDefaultsModeConfig = () => async () => 'standard';",
  },
  {
    part: '@smithy/core/dist-es/submodules/serde/util-stream/stream-type-check',
    because: 'replies come as streams of Node, and to ask whether one is a stream of the web loads all of those',
    code: 'export const isReadableStream = () => false, isBlob = () => false;',
  },
  {
    part: '@smithy/signature-v4/dist-es/HeaderFormatter',
    because: 'it signs the messages of event streams, and no operation here has one',
    code: 'export class HeaderFormatter {}',
  },
  {
    part: '@aws-sdk/core/dist-es/submodules/client/middleware-recursion-detection/getRecursionDetectionPlugin',
    because:
      'Lambda looks for loops over SQS, SNS and S3 alone (AWS, "Use Lambda recursive loop detection"), which no function calls',
    code: nothing('getRecursionDetectionPlugin'),
  },
  {
    part: '@aws-sdk/core/dist-es/submodules/client/emitWarningIfUnsupportedVersion',
    because: 'the runtime is named in the template, and a warning in the log of a function would reach nobody',
    code: 'export const emitWarningIfUnsupportedVersion = () => undefined; export const state = { warningEmitted: true };',
  },
  {
    part: '@aws-sdk/core/dist-es/submodules/client/middleware-user-agent/user-agent-middleware',
    because: 'it writes two headers anew for each request, by which AWS counts who uses which parts of the SDK',
    code: nothing('getUserAgentPlugin', 'userAgentMiddleware', 'getUserAgentMiddlewareOptions'),
  },
  {
    part: '@aws-sdk/core/dist-es/submodules/client/util-user-agent-node/defaultUserAgent',
    because: 'nobody asks for it then',
    code: 'export const createDefaultUserAgentProvider = () => async () => [], crtAvailability = {}; export { createDefaultUserAgentProvider as defaultUserAgent };',
  },
  {
    part: '@smithy/core/dist-es/submodules/endpoints/middleware-endpoint/adaptors/getEndpointFromInstructions',
    because: 'it finds out for each request where AWS is, which stays so as long as a client',
    code: `
const known = new WeakMap();
export const resolveParams = () => undefined;
export const bindGetEndpointFromInstructions = () => async (_input, _instructions, config) => {
  if (!known.has(config.region)) {
    const [Region, Endpoint, UseFIPS, UseDualStack] = await Promise.all([
      config.region(), config.serviceConfiguredEndpoint(), config.useFipsEndpoint(), config.useDualstackEndpoint(),
    ]);
    known.set(config.region, config.endpointProvider({ Region, Endpoint, UseFIPS, UseDualStack }));
  }
  return known.get(config.region);
};`,
  },
  {
    part: '@aws-sdk/core/dist-es/submodules/client/util-endpoints/lib/aws/partition',
    because: 'every region of AWS by name, for endpoint rules that are left out',
    code: "export const partition = () => ''; export { partition as getUserAgentPrefix, partition as setPartitionInfo, partition as useDefaultPartitionInfo };",
  },
  {
    part: '@aws-sdk/core/dist-es/submodules/client/middleware-logger/loggerMiddleware',
    because: 'no client has a logger, and this serialises each request and answer for one',
    code: nothing('getLoggerPlugin', 'loggerMiddleware', 'loggerMiddlewareOptions'),
  },
  {
    part: '@aws-sdk/client-[a-z-]+/dist-es/runtimeExtensions',
    because: 'no client has an extension',
    code: 'export const resolveRuntimeExtensions = (config) => config;',
  },
];

/** The failures of AWS that the functions tell apart by class or read members of. Others stay errors with AWS's name, message and status. */
export const toldApart =
  /^(ConditionalCheckFailed|TransactionCanceled|TransactionConflict|ResourceNotFound|Conflict|Validation)Exception$/;

/** A line of a library that costs each request more than the rest of its file, and what stands there instead. */
interface Edit {
  readonly part: string;
  readonly because: string;
  readonly from: RegExp;
  readonly to: string;
}

const inherited = {
  because:
    'each request copies the whole configuration here, of which a few members are read: an object that inherits them will do',
  from: /\{\s*\.\.\.config\b/,
  to: '{ __proto__: config',
};

/** A test fails where an upgrade has changed one. */
export const edits: readonly Edit[] = [
  { part: '@smithy/core/dist-es/submodules/schema/middleware/schemaSerializationMiddleware', ...inherited },
  { part: '@smithy/core/dist-es/submodules/schema/middleware/schemaDeserializationMiddleware', ...inherited },
  { part: '@smithy/core/dist-es/submodules/endpoints/middleware-endpoint/endpointMiddleware', ...inherited },
  {
    part: '@smithy/core/dist-es/submodules/retry/middleware-retry/retryMiddleware',
    because: 'an error is made for each request, with its stack, and only the one that is caught is ever read',
    from: /\blet lastError = new Error\(\);/,
    to: 'let lastError;',
  },
];

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
  for (const { part, from, to } of edits)
    plugin.onLoad({ filter: new RegExp(`/node_modules/${part}\\.js$`) }, async ({ path }) =>
      js((await readFile(path, 'utf8')).replace(from, to)),
    );
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

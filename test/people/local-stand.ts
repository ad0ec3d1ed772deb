import { localRoutes } from '../../local/http/local-routes.ts';
import { deploymentRoutes, type LocallyKept } from '../../local/http/deployment-routes.ts';
import { createIssuer } from '../../local/http/issuer.ts';
import { openServer, portOf } from '../../local/runner/runner.ts';
import { inboxId, type RealDeps } from '../rigs/real-parts.ts';

/** The address at which the parts of a test answer commands as a bridge of `npm start` does. */
export async function standLocally(
  real: RealDeps,
  kept: () => LocallyKept,
  invoke?: (functionName: string, event: unknown) => Promise<unknown>,
): Promise<{ url: string; close: () => void }> {
  const endpoint = await real.table.client.config.endpoint?.();
  if (!endpoint) throw new Error('the engine has no address');
  const { protocol, hostname, port } = endpoint;
  const server = await openServer(0);
  const url = `http://localhost:${portOf(server)}`;
  const maiAgent = { baseUrl: real.emulator.url, apiPrefix: '/api/v1', inboxId, apiKey: 'sampleKey' } as const;
  const nobody = () => Promise.reject(new Error('no function runs here'));
  const route = localRoutes({
    localKey: 'LOCALKEY',
    issuer: await createIssuer(url, 'contact-bridge'),
    routes: deploymentRoutes({
      deployment: () => ({
        dynamoDbEndpoint: `${protocol}//${hostname}:${port}`,
        linksTable: 'Links',
        tables: ['Links', 'Broadcasts'],
        sources: ['generic'],
        maiAgent,
      }),
      kept,
      linesAbout: () => [],
      invoke: invoke
        ? async (name, event) => ({ kind: 'answered', payload: JSON.stringify(await invoke(name, event)) })
        : nobody,
      advanceClock: nobody,
    }),
  });
  server.on('request', (req, res) => void route(req, res));
  return { url, close: () => server.close().closeAllConnections() };
}

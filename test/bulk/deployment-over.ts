import { dynamoDbClient } from '../../local/data/dynamodb-client.ts';
import type { Called, Deployment } from '../../local/commands/deployment.ts';
import type { SyncEvent } from '../../functions/sync.ts';
import type { UserChangedEvent } from '../../functions/user-changed.ts';
import type { ChangeRig } from '../rigs/change-rig.ts';
import type { RealDeps } from '../rigs/real-parts.ts';

const overTheWire = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
const called = async (run: () => Promise<unknown>): Promise<Called> => ({
  kind: 'answered',
  payload: overTheWire(await run()),
});

/** The jobs of a rig as a command reaches them. `between` runs between two calls, while none is under way. */
export async function deploymentOver(real: RealDeps, rig: ChangeRig, between: () => Promise<void> = async () => {}) {
  const { protocol, hostname, port } = (await real.table.client.config.endpoint?.()) ?? {};
  const where = `${protocol}//${hostname}:${port}`;
  let last: Promise<unknown> = Promise.resolve();
  const alone = (run: () => Promise<Called>): Promise<Called> => {
    const now = last.then(run);
    last = now.then(between);
    return now;
  };
  const deployment: Deployment = {
    callUserChanged: (event) => alone(() => called(() => rig.hear(overTheWire(event) as UserChangedEvent))),
    callSync: (event) => alone(() => called(() => rig.sync(overTheWire(event) as SyncEvent))),
    sources: async () => ({ names: rig.settings.sources.map(({ name }) => name), where: 'the rig' }),
    links: async () => ({ client: dynamoDbClient(where), tableName: 'Links', where }),
    broadcasts: async () => ({ client: dynamoDbClient(where), tableName: 'Broadcasts', where }),
    callManage: () => Promise.reject(new Error('nothing here asks for it')),
    linesAbout: async () => [],
    linesOfWork: async () => [],
    givenUp: async () => 0,
  };
  return deployment;
}

import { deploymentOf, type Target } from '../commands/deployment.ts';
import { show } from '../commands/output.ts';
import { aroundOf, statusOf } from './status.ts';
import { statusLines, todoOf } from './status-lines.ts';

/** `contact-bridge status`: how the bridge stands, on one screen. Ends with 1 where there is something to do. */
export async function runStatus({ json, ...target }: Target & { readonly json?: true }): Promise<void> {
  const deployment = deploymentOf(target);
  const { client, tableName } = await deployment.links();
  try {
    const nowMs = Date.now();
    const [status, around] = await Promise.all([statusOf(client, tableName, nowMs), aroundOf(deployment, nowMs)]);
    const todo = todoOf(status, nowMs, around);
    show({ isHealthy: todo.length === 0, todo, ...status, ...around }, statusLines(status, nowMs, around), json);
    if (todo.length > 0) process.exitCode = 1;
  } finally {
    client.destroy();
  }
}

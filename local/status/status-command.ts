import { deploymentOf, type Target } from '../commands/deployment.ts';
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
    if (json) console.log(JSON.stringify({ isHealthy: todo.length === 0, todo, ...status, ...around }, undefined, 2));
    else for (const line of statusLines(status, nowMs, around)) console.log(line);
    if (todo.length > 0) process.exitCode = 1;
  } finally {
    client.destroy();
  }
}

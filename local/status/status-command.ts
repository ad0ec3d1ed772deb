import { Command } from 'commander';
import { deploymentOf, type Target, withTarget } from '../commands/target.ts';

const needs = `lambda:GetFunctionConfiguration on the functions contact-bridge-<stage>-*, dynamodb:GetItem and dynamodb:BatchGetItem on
the table Links (output LinksTableName), dynamodb:Query on its index Due, dynamodb:GetItem on the table Broadcasts and dynamodb:Query on its
index Due, and logs:StartQuery and logs:GetQueryResults on the log groups of user-changed and sync; what it may not read it says to be not known`;

/** `contact-bridge status`: how the bridge stands, on one screen. Ends with 1 where there is something to do. */
export function statusCommand(): Command {
  return withTarget(new Command('status'), needs)
    .description(
      'says whether all is well or what to do: outstanding work, failures, broadcasts, stores, edits at MaiAgent, settings, quarantine',
    )
    .option('--json', 'the figures as JSON; times are ms since 1970')
    .action(runStatus);
}

async function runStatus({ json, ...target }: Target & { readonly json?: true }): Promise<void> {
  const [{ aroundOf, statusOf }, { statusLines, todoOf }] = await Promise.all([
    import('./status.ts'),
    import('./status-lines.ts'),
  ]);
  const deployment = await deploymentOf(target);
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

import { Command } from 'commander';
import { deploymentOf, type Target, withTarget } from '../commands/target.ts';

const needs = `lambda:GetFunctionConfiguration on contact-bridge-<stage>-user-changed, dynamodb:GetItem on the table Links
(output LinksTableName), and dynamodb:Query on its index Due`;

/** `contact-bridge status`: how the bridge stands, on one screen. Ends with 1 where there is something to do. */
export function statusCommand(): Command {
  return withTarget(new Command('status'), needs)
    .description(
      'says whether all is well or what to do: outstanding work, how far the settings have reached, quarantine',
    )
    .option('--json', 'the figures as JSON; times are ms since 1970')
    .action(runStatus);
}

async function runStatus({ json, ...target }: Target & { readonly json?: true }): Promise<void> {
  const [{ statusOf }, { statusLines, todoOf }] = await Promise.all([
    import('./status.ts'),
    import('./status-lines.ts'),
  ]);
  const { client, tableName } = await (await deploymentOf(target)).links();
  try {
    const nowMs = Date.now();
    const status = await statusOf(client, tableName, nowMs);
    const todo = todoOf(status, nowMs);
    if (json) console.log(JSON.stringify({ isHealthy: todo.length === 0, todo, ...status }, undefined, 2));
    else for (const line of statusLines(status, nowMs)) console.log(line);
    if (todo.length > 0) process.exitCode = 1;
  } finally {
    client.destroy();
  }
}

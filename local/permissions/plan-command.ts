import { policyOf } from '../../functions/env.ts';
import { DynamoEvaluations } from '../../functions/io/aws/evaluations.ts';
import { CommandError } from '../commands/command-error.ts';
import { deploymentOf, type Target } from '../commands/deployment.ts';
import { show, TO_LOOK_AT } from '../commands/output.ts';
import { progress } from '../commands/progress.ts';
import { terminalText } from '../commands/terminal-text.ts';
import { type Move, type Plan, planOf, type Renamed, renamedIn } from './plan.ts';
import { settingsOfStage } from './stage-settings.ts';

interface PlanOptions extends Target {
  readonly users?: true;
  readonly json?: true;
}

/** `contact-bridge permissions plan`: what a deployment would do to every contact. */
export async function runPlan({ users, json, ...target }: PlanOptions): Promise<void> {
  // Later than every deployment there is, so that every link is evaluated.
  const settings = await settingsOfStage(target.local === undefined ? target.stage : 'local', Number.MAX_SAFE_INTEGER);
  const { client, tableName } = await deploymentOf(target).links();
  const moves: Move[] = [];
  try {
    // How many links there are nobody knows before: the table's own count is hours old, and has every other row in it.
    const bar = progress('links read');
    const evaluations = new DynamoEvaluations(client, tableName);
    const plan = await planOf((segment, cursor) => evaluations.page(segment, cursor), policyOf(settings), {
      page: ({ links }) => bar.at(links),
      ...(users && { move: (move) => (json ? moves.push(move) : console.log(moveLine(move))) }),
    });
    const renamed = await renamedIn(settings.sources, (source) => evaluations.naming(source));
    show({ ...plan, renamed, ...(users && { users: moves }) }, planLines(plan, renamed), json);
    if (plan.changed + renamed.length > 0) process.exitCode = TO_LOOK_AT;
  } catch (error) {
    throw error instanceof Error && error.name === 'AccessDeniedException'
      ? new CommandError(`AWS: ${error.message}`)
      : error;
  } finally {
    client.destroy();
  }
}

const moveLine = ({ pk, from, to, loses, gains }: Move): string =>
  terminalText([pk, `${from} -> ${to}`, ...said('loses', loses), ...said('gains', gains)].join('  '));

function said(what: string, bases: readonly string[] | null): string[] {
  if (bases === null) return [`${what} what cannot be compared`];
  return bases.length === 0 ? [] : [`${what} ${bases.join(', ')}`];
}

/** The plan for people. */
export function planLines(plan: Plan, renamed: readonly Renamed[] = []): string[] {
  const { links, changed, unreadable, readUnits, moves, knowledgeBases, shutOut } = plan;
  const of = (count: number, what: string) => (count === 0 ? '' : `, ${count} ${what}`);
  return [
    `${links} links, ${changed} would change (${Math.ceil(readUnits)} read units)`,
    ...moves.map((one) =>
      terminalText(
        `  ${one.links}  ${one.from} -> ${one.to}${of(one.losing, 'lose something')}${of(one.gaining, 'gain something')}`,
      ),
    ),
    ...knowledgeBases.map(({ id, losing, gaining }) =>
      terminalText(`  knowledge base ${id}: ${losing} lose something of it, ${gaining} gain`),
    ),
    ...shutOut.map(({ source, disabled, deleted }) =>
      terminalText(
        `  source ${source}, which the stage does not declare, keeps ${disabled} disabled and ${deleted} deleted: docs/operations.md, A source that was renamed or taken out`,
      ),
    ),
    ...renamed.map(({ source, from, to }) =>
      terminalText(
        `  groups of ${source} are known by ${from} here, and by ${to} minutes after the deployment: whom that moves is not in this plan`,
      ),
    ),
    ...(unreadable === 0
      ? []
      : [`  ${unreadable} cannot be evaluated and stay as they are: docs/operations.md, Stuck`]),
  ];
}

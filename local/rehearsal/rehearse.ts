import { randomBytes, randomUUID } from 'node:crypto';
import type { StageConfig } from '../../infra/config.ts';
import { loadStage } from '../../infra/load-stage.ts';
import { startBridge, type Bridge } from '../bridge.ts';
import { CommandError } from '../commands/command-error.ts';
import events from './events.json' with { type: 'json' };
import { signed } from './signed.ts';
import { whatBecame } from './what-became.ts';

type Source = NonNullable<StageConfig['sources']>[number];
/** What a store sends of its sample user, by what happened: what the vendors document stands beside the adapters in `functions/rules/sources`. */
type What = Exclude<keyof (typeof events)['generic'], 'userId'>;
interface Happening {
  readonly what: What;
  readonly name: string;
  readonly says?: string;
  readonly again?: 'same' | 'late';
}

/** `contact-bridge rehearse`. */
export async function runRehearse(name: string, { stage }: { readonly stage?: string }): Promise<void> {
  await rehearse(await declaredIn(name, stage), console.log);
  // Outright: left to itself, Node.js may wait without an end for a last write to a child that is gone.
  process.exit();
}

/** The source as a stage declares it, or as one of this kind is declared where nothing is said. */
export async function declaredIn(name: string, stage: string | undefined): Promise<Source> {
  if (stage === undefined && (name === 'entra' || name === 'okta')) return { kind: 'scim', name };
  if (stage === undefined)
    return {
      kind: name,
      name,
      ...(name === 'keycloak' && { proof: { mode: 'hmac' } }),
      ...(name === 'cognito' && { read: { userPoolId: 'us-east-1_Sample000' } }),
    } as Source;
  const { sources = [] } = await loadStage(stage);
  const found = sources.find((source) => 'name' in source && source.name === name);
  const names = sources.flatMap((source) => ('name' in source ? [source.name] : [])).join(', ') || 'none';
  if (!found) throw new CommandError(`the stage ${stage} has no source ${name}: it has ${names}`);
  return found;
}

/** What happens to the sample user. `same` sends the event before once more, `late` one from before the creation. */
const happenings: readonly Happening[] = [
  { what: 'created', name: 'First' },
  { what: 'renamed', name: 'Second' },
  { what: 'renamed', name: 'Second', again: 'same', says: 'the same event again' },
  { what: 'renamed', name: 'Late', again: 'late', says: 'an older event that comes late' },
  { what: 'disabled', name: 'Second' },
  { what: 'enabled', name: 'Second' },
  { what: 'left a group', name: 'Second', says: 'left a group: a hint' },
  { what: 'deleted', name: 'Second' },
];

/** The text of an event, with its name, number and time in their places. */
const textOf = (event: object, name: string, number: number, atMs: number): string =>
  JSON.stringify(event)
    .replaceAll('"$ms"', String(atMs))
    .replaceAll('$at', new Date(atMs).toISOString())
    .replaceAll('$number', String(number))
    .replaceAll('$name', name);

/**
 * Sends what a store of this kind sends, signed as it signs, at a bridge of its own on this machine, and says step by step what became of
 * the link and of the contact. Where the declaration reads the store, nobody does: what only a reading tells stays unknown.
 */
export async function rehearse(declared: Source, say: (line: string) => void): Promise<void> {
  if (declared.kind === 'scim') return (await import('./directory.ts')).rehearseDirectory(declared, say);
  const kind = eventsOf(declared);
  const proof = 'proof' in declared ? declared.proof : undefined;
  if (!kind || !('name' in declared) || proof?.mode === 'bearer' || proof?.mode === 'basic')
    throw new CommandError(
      `what this ${declared.kind} sends cannot be made here: there is nothing to rehearse; rehearse --help has the kinds`,
    );
  // The function's own role reads a pool: here it finds nobody who answers.
  const pool = declared.kind === 'cognito' ? { ...declared.read, endpoint: 'http://127.0.0.1:1' } : undefined;
  const source = { ...declared, name: 'rehearsed', ...(pool && { read: pool }) } as Source;
  const isStandard = declared.kind === 'clerk' || declared.kind === 'generic';
  const key = isStandard ? `whsec_${randomBytes(32).toString('base64')}` : randomBytes(32).toString('hex');
  const sourceSecrets = { rehearsed: [key] };
  const bridge = await startBridge({ port: 0, sources: [source], sourceSecrets, quiet: true });
  try {
    const startMs = Date.now() - 60_000;
    for (const [index, { what, name, again, says }] of happenings.entries()) {
      const number = again === 'same' ? index - 1 : index;
      const atMs = again === 'late' ? startMs - 1 : startMs + number * 1_000;
      const event = (events[kind] as Partial<Record<What, object>>)[what];
      // What does not happen at this store.
      if (!event) continue;
      const text = textOf(event, name, number, atMs).replaceAll('$pool', pool?.userPoolId ?? '');
      const headers = proof?.mode === 'header' ? { [proof.header]: key } : signed(kind, key, text, number);
      const bus = 'bus' in declared ? declared.bus : undefined;
      const queued = pool
        ? text
        : bus && JSON.stringify({ source: bus, 'detail-type': '', detail: JSON.parse(text) as object });
      say(`${says ?? what}: ${await (queued ? handOver(bridge, queued) : post(bridge, headers, text))}`);
      say(`  ${await whatBecame(bridge, events[kind].userId)}`);
    }
  } finally {
    await bridge.close();
  }
}

async function post({ url }: Bridge, headers: Readonly<Record<string, string>>, body: string): Promise<string> {
  const response = await fetch(`${url}/v1/webhooks/rehearsed`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
  const { status = '' } = (await response.json()) as { status?: string };
  return `${response.status} ${status}`;
}

/** What EventBridge brings, as its queue hands it over. */
async function handOver({ runner }: Bridge, body: string): Promise<string> {
  const Records = [{ messageId: randomUUID(), eventSource: 'aws:sqs', body }];
  const { kind } = await runner.invoke('contact-bridge-local-user-changed', { Records });
  return kind === 'answered' ? 'taken from the queue' : `not taken: ${kind}`;
}

function eventsOf(source: Source): keyof typeof events | undefined {
  if (source.kind === 'workos' && source.users === 'workos') return 'workos users';
  return source.kind in events ? (source.kind as keyof typeof events) : undefined;
}

import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** A function of the stack, as far as an execution environment needs it. */
export interface FunctionSpec {
  readonly logicalId: string;
  readonly name: string;
  readonly arn: string;
  /** The unpacked bundle. */
  readonly assetDir: string;
  /** `file.export`. */
  readonly handler: string;
  readonly runtime: string;
  readonly timeoutMs: number;
  readonly memoryMb: number;
  readonly logGroup: string;
  /** Invocations at once that the template reserves, and allows; only the runner's own limit where it is left out. */
  readonly concurrency: number | undefined;
  /** The template's variables, and nothing else. */
  readonly variables: Readonly<Record<string, string>>;
}

/** How an invocation ended: with the handler's result as JSON, by an error, by the function's own timeout, or not at all. */
export type InvocationResult =
  | { readonly kind: 'answered'; readonly payload: string }
  | { readonly kind: 'failed'; readonly errorType: string; readonly errorMessage: string }
  | { readonly kind: 'timed-out' }
  | { readonly kind: 'throttled' };

/** What the child says. */
type Message =
  | { readonly kind: 'ready' }
  | { readonly kind: 'answered'; readonly id: string; readonly payload: string }
  | { readonly kind: 'failed'; readonly id: string; readonly errorType: string; readonly errorMessage: string };

/** One execution environment: a process that runs one invocation at a time. */
export type Environment = ReturnType<typeof startEnvironment>;

const bootstrap = fileURLToPath(new URL('./bootstrap.cjs', import.meta.url));

/** AWS ends an initialisation that takes longer (AWS, "Lambda execution environment lifecycle", Init phase). */
const initTimeoutMs = 10_000;

/** Starts the process of an environment with exactly the given variables. `log` gets each line that the function writes. */
export function startEnvironment(
  spec: FunctionSpec,
  variables: Readonly<Record<string, string>>,
  log: (line: string) => void,
) {
  const child = spawn(process.execPath, [bootstrap], {
    cwd: spec.assetDir,
    env: { ...variables },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  for (const stream of [child.stdout, child.stderr]) if (stream) pipeLines(stream, log);
  const gone = new Promise<void>((settle) => {
    child.once('exit', () => settle());
    child.once('error', () => settle());
  });
  const ready = new Promise<void>((settle) => void child.once('message', () => settle()));
  return {
    pid: child.pid,
    /** Resolves when the process is gone, for whatever reason. */
    gone,
    /** Runs the handler; resolves in every case. The caller starts the next one after the last has ended. */
    invoke: (id: string, eventJson: string) => invoke(child, gone, ready, spec, id, eventJson),
    /** Ends the process at once, as a lost host would. Resolves when it is gone. */
    kill: async () => {
      child.kill('SIGKILL');
      await gone;
    },
  };
}

async function invoke(
  child: ChildProcess,
  gone: Promise<void>,
  ready: Promise<void>,
  { timeoutMs }: FunctionSpec,
  id: string,
  event: string,
): Promise<InvocationResult> {
  const died = gone.then(() => crashed(child));
  const started = await within(initTimeoutMs, Promise.race([ready.then(() => 'ready' as const), died]));
  if (started === 'late') return await ended(child, gone);
  if (started !== 'ready') return started;
  const answered = new Promise<InvocationResult>((settle) => {
    const listen = (message: Message) => {
      if (message.kind === 'ready' || message.id !== id) return;
      child.off('message', listen);
      settle(outcomeOf(message));
    };
    child.on('message', listen);
  });
  child.send({ id, event, deadlineAtMs: Date.now() + timeoutMs }, (error) => error && child.kill('SIGKILL'));
  const outcome = await within(timeoutMs, Promise.race([answered, died]));
  return outcome === 'late' ? await ended(child, gone) : outcome;
}

/** AWS stops the environment of an invocation that runs out of time, and starts a new one for the next. */
async function ended(child: ChildProcess, gone: Promise<void>): Promise<InvocationResult> {
  child.kill('SIGKILL');
  await gone;
  return { kind: 'timed-out' };
}

/** Lambda takes and gives 6 MB at most for a synchronous invocation (AWS, "Lambda quotas"). */
const payloadLimitBytes = 6 * 1024 * 1024;

function outcomeOf(message: Exclude<Message, { kind: 'ready' }>): InvocationResult {
  if (message.kind === 'failed')
    return { kind: 'failed', errorType: message.errorType, errorMessage: message.errorMessage };
  if (Buffer.byteLength(message.payload) > payloadLimitBytes)
    return { kind: 'failed', errorType: 'Function.ResponseSizeTooLarge', errorMessage: 'the answer exceeds 6 MB' };
  return { kind: 'answered', payload: message.payload };
}

function crashed(child: ChildProcess): InvocationResult {
  const how = child.signalCode ?? `exit status ${child.exitCode ?? 'unknown'}`;
  return { kind: 'failed', errorType: 'Runtime.ExitError', errorMessage: `the process ended by ${how}` };
}

async function within<T>(ms: number, promise: Promise<T>): Promise<T | 'late'> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((settle) => (timer = setTimeout(settle, ms, 'late')));
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

function pipeLines(stream: Readable, log: (line: string) => void): void {
  createInterface({ input: stream }).on('line', log);
}

import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as z from 'zod/mini';

/** A process, told from a later one with the same id by the time it started. */
const processSchema = z.object({ pid: z.int().check(z.positive()), startedAt: z.string() });
const claimSchema = z.object({ owner: processSchema, engine: z.optional(processSchema) });

const claimFile = 'claim.json';

/**
 * Claims a data folder, which this process alone uses from now on. An engine that outlived its owner (which was killed) is killed first. Throws one line that says
 * what to do where another process that lives has the folder, or where there can be no such folder.
 */
export function claimFolder(folder: string) {
  const file = path.join(folder, claimFile);
  const former = readClaim(file);
  if (former && isRunning(former.owner) && former.owner.pid !== process.pid)
    throw new Error(
      `the data folder ${folder} is in use by process ${former.owner.pid}: stop it, or set another DATA_DIR`,
    );
  if (former?.engine && isRunning(former.engine)) process.kill(former.engine.pid, 'SIGKILL');
  const owner = { pid: process.pid, startedAt: startedAt(process.pid) };
  const write = (engine?: { pid: number; startedAt: string }) => writeFileSync(file, JSON.stringify({ owner, engine }));
  try {
    makeFolder(folder);
    closeToOthers(folder);
    write();
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    throw new Error(`the data folder ${folder} cannot be used (${code}): set another DATA_DIR`, { cause: error });
  }
  return {
    /** Writes down the engine that works in the folder, so that the next start can clear it away when this process cannot. */
    setEngine: (pid: number) => write({ pid, startedAt: startedAt(pid) }),
    release: () => rmSync(file, { force: true }),
  };
}

/** What the engines and the emulator keep in a data folder, by names that are theirs alone; whatever else lies there is somebody's own. */
const kept =
  /^((tables\.sqlite|shared-local-instance\.db)(-wal|-shm|-journal)?|maiagent\.jsonl(\.new)?|visitor-signing-secret)$/;
/** What the runner keeps in the folder `buckets`, whose name anybody may give to a folder. */
const keptInBuckets = /^(_schedules\.json|contact-bridge-local-)/;

/** Takes away what former starts kept in the folder. Throws one line where another process has it. */
export function emptyFolder(folder: string): void {
  const claim = claimFolder(folder);
  const buckets = path.join(folder, 'buckets');
  for (const [place, own] of [[folder, kept] as const, [buckets, keptInBuckets] as const])
    for (const name of isFolder(place) ? readdirSync(place).filter((one) => own.test(one)) : [])
      rmSync(path.join(place, name), { recursive: true });
  claim.release();
}

/** What an earlier start left open to every account of this machine; what this one makes is closed from the beginning. */
function closeToOthers(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (name === 'buckets') chmodSync(path.join(folder, name), 0o700);
    if (kept.test(name)) chmodSync(path.join(folder, name), 0o600);
  }
}

/** Node's own `recursive` never comes back from a place that says it does not exist as often as it is asked, such as /proc. */
function makeFolder(folder: string): void {
  if (isFolder(folder)) return;
  const parent = path.dirname(folder);
  if (parent !== folder) makeFolder(parent);
  mkdirSync(folder);
}

const prefix = 'contact-bridge-';

/** How long a folder without a claim may still be one that is just being made. */
const unclaimedForMs = 60_000;

/**
 * Makes a folder that is gone after `remove`, or when this process ends, and claims it: in memory where the system has a place for that: nothing temporary needs to survive a
 * power cut, and each write would wait for the disk. Removes the folders of processes that were killed.
 */
export function makeTemporaryFolder() {
  const base = isFolder('/dev/shm') ? '/dev/shm' : tmpdir();
  for (const name of readdirSync(base).filter((one) => one.startsWith(prefix))) removeAbandoned(path.join(base, name));
  const folder = mkdtempSync(path.join(base, prefix));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove);
  return {
    ...claimFolder(folder),
    path: folder,
    remove: () => {
      process.off('exit', remove);
      remove();
    },
  };
}

/** A folder of somebody else, who has an account on this machine as well, is left alone, whatever it says. */
function removeAbandoned(folder: string): void {
  if (!isOurs(folder)) return;
  const claim = readClaim(path.join(folder, claimFile));
  const modifiedAtMs = statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (claim ? isRunning(claim.owner) : Date.now() - modifiedAtMs < unclaimedForMs) return;
  if (claim?.engine && isRunning(claim.engine)) process.kill(claim.engine.pid, 'SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}

function readClaim(file: string): z.infer<typeof claimSchema> | undefined {
  try {
    return isOurs(file) ? claimSchema.parse(JSON.parse(readFileSync(file, 'utf8'))) : undefined;
  } catch {
    // No claim, or one that was cut off as it was written: nobody holds the folder.
    return undefined;
  }
}

/** Whether it belongs to the account that runs this, and is no link to elsewhere. */
function isOurs(place: string): boolean {
  const found = lstatSync(place, { throwIfNoEntry: false });
  return found !== undefined && !found.isSymbolicLink() && found.uid === (process.getuid?.() ?? found.uid);
}

function isRunning({ pid, startedAt: then }: z.infer<typeof processSchema>): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return startedAt(pid) === then;
}

/** Field 22 of the process's state, in clock ticks since the boot (proc(5)); empty where the system has no /proc. */
function startedAt(pid: number): string {
  try {
    return (
      readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ')[19] ?? ''
    );
  } catch {
    return '';
  }
}

/** False also for a place that cannot be looked at. */
function isFolder(folder: string): boolean {
  try {
    return statSync(folder).isDirectory();
  } catch {
    return false;
  }
}

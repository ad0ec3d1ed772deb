import { CallLog } from './calls.ts';
import { Faults } from './faults.ts';
import { journalIn } from './journal.ts';
import { Store } from './store.ts';
import { changeSwitches, defaultSwitches, type Switches } from './switches.ts';
import { Timers } from './timers.ts';

/** Everything that one running emulator knows. */
export type World = ReturnType<typeof createWorld>;

/** What a world starts with. */
export interface WorldOptions {
  /** The one key that is let in. */
  apiKey: string;
  /** At least one. The id of the web chat is derived from the inbox's where it is not given. */
  inboxes: { id: string; name: string; webChatId?: string }[];
  /** The ids of the knowledge bases that are there; none, where it is left out. */
  knowledgeBases?: readonly string[];
  switches?: Partial<Switches>;
  /** The clock of all rows, in ms since the epoch; the system's, where it is left out. */
  now?: () => number;
  /** Where contacts and conversations are kept between runs, in a folder that is there; nowhere, where it is left out. */
  file?: string;
}

/** A world with the rows that its file has kept. Throws a `TypeError` on a switch or a value that does not exist. */
export function createWorld(options: WorldOptions) {
  const switches: Switches = { ...defaultSwitches };
  const problem = changeSwitches(switches, options.switches ?? {});
  if (problem !== undefined) throw new TypeError(problem);
  const store = new Store(options.inboxes, options.now);
  if (options.file !== undefined) store.keepIn(journalIn(options.file));
  return {
    apiKey: options.apiKey,
    knowledgeBases: options.knowledgeBases ?? [],
    store,
    switches,
    faults: new Faults(() => switches.seed),
    calls: new CallLog(),
    timers: new Timers(),
    /** How many duplicates were refused: the bodies of the refusals take turns. */
    duplicatesRefused: 0,
    /** Where requests were redirected to, with the method that they had: a GET that follows a POST there has lost its body. */
    redirects: new Map<string, string>(),
  };
}

/** Puts a world back to its start: no rows, no faults, no calls, no waits, the switches that it started with. */
export function resetWorld(world: World, options: WorldOptions): void {
  world.timers.cancelAll();
  world.store.clear();
  world.faults.clear();
  world.calls.clear();
  world.duplicatesRefused = 0;
  world.redirects.clear();
  Object.assign(world.switches, defaultSwitches, options.switches);
}

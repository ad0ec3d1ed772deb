import type { Outcome, StartOptions } from './interface.ts';
import type { Person } from './person.ts';

/** One attempt to open the chat, from `start` to its outcome. `person` is known from the first request on. */
export interface Run {
  options: StartOptions;
  readonly aborter: AbortController;
  readonly told: Set<string>;
  outcome: Promise<Outcome>;
  person?: Person;
  sent?: string;
  /** When the API was last asked for this person's contact, in ms of the page. */
  askedMs?: number;
}

export const isAborted = ({ aborter }: Run): boolean => aborter.signal.aborted;

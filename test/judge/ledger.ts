import { appendFileSync } from 'node:fs';
import type { JudgedDelivery } from '../changes/judge-ledger.ts';

/** What was asked and what was answered, line by line in a file, so that it outlives whatever dies. */
export class Ledger {
  readonly file: string;
  sent = 0;
  accepted = 0;
  /** Answers that should not have been: a refusal of what was right, or an id for somebody who may not have one. */
  readonly wrong: string[] = [];
  /** Contact ids that were answered, by user and life. */
  readonly ids = new Map<string, Set<string>>();
  /** Contacts that MaiAgent lost: whose they were may get another one. */
  readonly lostContacts = new Set<string>();
  /** Whose the contacts with a conversation were, because nobody can tell it of one that was made anonymous. */
  readonly owners = new Map<string, string>();
  /** What was last accepted of each user. */
  readonly users = new Map<string, UserState>();
  /** Every delivery of the user store. */
  readonly deliveries: Sent[] = [];
  /** How often all was redriven, twice at once each time. */
  redrives = 0;
  /** Quarantined records that somebody decided to discard. */
  readonly discarded = new Set<string>();
  /** Broadcasts that were accepted, by id. */
  readonly broadcasts = new Map<string, { readonly message: string; readonly userIds: readonly string[] }>();

  constructor(file: string) {
    this.file = file;
  }

  note(line: object): void {
    appendFileSync(this.file, `${JSON.stringify({ at: new Date().toISOString(), ...line })}\n`);
  }

  answered(userId: string, accountStatus: number, contactId: string): void {
    const key = `${userId} ${accountStatus}`;
    this.ids.set(key, (this.ids.get(key) ?? new Set()).add(contactId));
  }
}

/** A delivery of the user store. */
export interface Sent extends JudgedDelivery {
  readonly userId: string;
  readonly answers: string[];
  /** What it would make of the user, where it lies too far ahead at first. */
  readonly name?: string;
  readonly versionMs?: number;
}

/** The state of a user as the user store said it last and the bridge accepted it. */
export interface UserState {
  readonly version: number;
  readonly name: string;
  readonly status: 'active' | 'disabled' | 'deleted';
  /** Counts the user's lives, as the store sees them. */
  readonly accountStatus: number;
}

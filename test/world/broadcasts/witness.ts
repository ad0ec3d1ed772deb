import { isDeepStrictEqual } from 'node:util';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { PlainRow } from '../boundaries.ts';
import type { RowChange } from '../database/memory-database.ts';
import type { Item } from '../expression/attribute-value.ts';
import type { Seen, World } from '../world.ts';

/** A recipient as a batch has it. */
export interface Recipient {
  readonly pk?: string;
  readonly contactId?: string;
  readonly state: string;
  readonly reason?: string;
  readonly messageId?: string;
}

/** A claim that was seen to commit: the right to send to these contacts. */
interface SeenClaim {
  readonly id: string;
  /** The batch. */
  readonly pk: string;
  readonly sk: string;
  readonly contactIds: readonly string[];
  /** By when a request under it is dead, in ms since 1970. */
  readonly untilMs: number;
  isSent: boolean;
}

/**
 * Watches one broadcast from the outside: which claims and cancels commit, in which order, how the links stand at that moment, and under
 * which claim a request reaches MaiAgent. It looks at the requests and at the tables' rows, never into the jobs.
 */
export class BroadcastWitness {
  readonly claims: SeenClaim[] = [];
  isCancelled = false;
  /** Every text that it had; the one that it has; and the one with which each run began, by the run's key. */
  readonly texts: Set<string>;
  #text: string;
  readonly #textOf = new Map<string, string>();
  #state: string | undefined;
  /** By its row, whether or not its creator was answered. */
  broadcastId: string | undefined;
  readonly #world: World;
  readonly #message: string;
  /** Who stood in the places of ledgers from which somebody was erased. */
  readonly erased = new Map<string, Recipient>();
  readonly #accuse: (accusation: string) => void;

  constructor(world: World, message: string, accuse: (accusation: string) => void) {
    this.#world = world;
    this.#message = message;
    this.#text = message;
    this.texts = new Set([message]);
    this.#accuse = accuse;
    world.changed.push((change) => this.#changed(change));
    world.watches.push({ sends: (body, by) => this.#sends(JSON.parse(body) as Body, by) });
  }

  /** Told of every change of a row. */
  #changed({ table, before, after }: RowChange): void {
    if (table !== 'Broadcasts') return;
    if (!after) return this.#accuse('a row of a broadcast was deleted');
    if (after['sk']?.S === 'broadcast')
      return this.#broadcastChanged(before?.['state']?.S, unmarshall(after) as PlainRow);
    if (after['pk']?.S === `broadcast#${this.broadcastId}` && after['sk']?.S?.startsWith('run#') && !before)
      this.#began(after['sk'].S);
    const isWritten = !isDeepStrictEqual(withoutCursor(before), withoutCursor(after));
    if (after['sk']?.S?.startsWith('run#') && before?.['endedAtMs'] !== undefined && isWritten)
      this.#accuse('a run that had ended was changed');
    if (this.broadcastId === undefined || !after['pk']?.S?.startsWith(`run#${this.broadcastId}#`)) return;
    if (before) this.#ledgerChanged(placeOf(after), recipientsIn(before), recipientsIn(after));
    const claimId = after['claim']?.M?.['id']?.S;
    if (claimId !== undefined && claimId !== before?.['claim']?.M?.['id']?.S)
      this.#claimed(unmarshall(after) as PlainRow);
  }

  /** Whoever is through stays so, but that a message that is found makes anybody `sent`. */
  #ledgerChanged(place: string, before: readonly Recipient[], after: readonly Recipient[]): void {
    if (after.length !== before.length) this.#accuse('a batch has other recipients than before');
    for (const [index, one] of before.entries()) {
      const { state, messageId, pk, contactId } = after[index] ?? one;
      if (pk === undefined && contactId === undefined) {
        this.#erased(`${place} ${index}`, one);
        continue;
      }
      if (pk !== one.pk || contactId !== one.contactId) this.#accuse('a recipient became another one');
      const isThrough = one.state !== 'planned' && one.state !== 'claimed';
      if (isThrough && state !== one.state && state !== 'sent')
        this.#accuse(`a recipient who was ${one.state} became ${state}`);
      if (one.state === 'sent' && messageId !== one.messageId) this.#accuse('the evidence of a message was changed');
    }
  }

  /** Only a deleted user's place is emptied, when it is known what became of the message. */
  #erased(place: string, one: Recipient): void {
    if (this.erased.has(place)) return;
    if (one.state === 'planned' || one.state === 'claimed') this.#accuse('erased with a message under way');
    const lives = this.#world.history.since(one.pk ?? '', 0);
    // Where the deletion arrives after the creation that follows it, the row is never a deleted one.
    const wasDeleted = one.pk === undefined || lives.some((life) => life?.isErasing);
    if (!wasDeleted) this.#accuse('somebody was erased who was not deleted');
    this.erased.set(place, one);
  }

  #broadcastChanged(formerState: string | undefined, row: PlainRow): void {
    if (row['message'] !== this.#message && row['broadcastId'] !== this.broadcastId) return;
    if (this.broadcastId !== undefined && row['broadcastId'] !== this.broadcastId)
      this.#accuse('made a second broadcast');
    this.broadcastId ??= String(row['broadcastId']);
    const isOpen = formerState === undefined || formerState === 'active' || formerState === 'paused';
    if (!isOpen && row.state !== formerState) this.#accuse(`a broadcast that was ${formerState} became ${row.state}`);
    if (row.state === 'cancelled') this.isCancelled = true;
    this.#state = row.state;
    const text = String(row['message']);
    const runs = this.#world.rows('Broadcasts', row.pk).filter(({ sk }) => sk.startsWith('run#'));
    if (text !== this.#text && runs.some(({ endedAtMs }) => endedAtMs === undefined))
      this.#accuse('a broadcast was edited under a run');
    this.#text = text;
    this.texts.add(text);
  }

  #began(run: string): void {
    if (this.#state !== 'active') this.#accuse(`a run began of a broadcast that was ${this.#state}`);
    this.#textOf.set(run.slice('run#'.length), this.#text);
  }

  /** A repeated claim that goes through again is the same one: the engine knows it by its token. */
  #claimed({ pk, sk, claim, recipients }: PlainRow): void {
    if (!claim || this.claims.some(({ id }) => id === claim.id)) return;
    const named = (recipients as readonly Recipient[]).filter(({ state }) => state === 'claimed');
    const contactIds = named.flatMap(({ contactId }) => contactId ?? []);
    this.claims.push({ id: claim.id, pk, sk, contactIds, untilMs: claim.until, isSent: false });
    if (this.isCancelled) this.#accuse('a claim was committed after the cancel');
    for (const { pk: user = '', contactId } of named) {
      const link = this.#world.history.now(user);
      if (link?.accountStatus !== 'active')
        this.#accuse(`a user was claimed who was ${link?.accountStatus ?? 'unknown'}`);
      else if (link.contactId !== contactId) this.#accuse('a user was claimed who had another contact');
    }
  }

  /** A request to send must come under a claim of its sender's own that holds now, for exactly the contacts that it names. */
  #sends({ message, inboxId, contactIds = [] }: Body, by: Seen): boolean {
    if (message === undefined || !this.texts.has(message)) return false;
    if (inboxId !== undefined) this.#accuse('sent to a whole inbox');
    const claim = this.claims.find(
      (one) => by.claimIds.has(one.id) && !one.isSent && one.contactIds.join() === contactIds.join(),
    );
    if (claim) claim.isSent = true;
    const row = claim && this.#world.rows('Broadcasts', claim.pk).find(({ sk }) => sk === claim.sk);
    if (claim && this.#textOf.get(claim.pk.split('#')[2] ?? '') !== message)
      this.#accuse('sent another text than its run began with');
    if (!claim) this.#accuse('sent without a claim of its own');
    else if (row?.claim?.id !== claim.id) this.#accuse('sent under a claim that was over');
    else if (claim.untilMs <= this.#world.time.now()) this.#accuse('sent after its claim');
    return true;
  }
}

interface Body {
  readonly message?: string;
  readonly inboxId?: string;
  readonly contactIds?: readonly string[];
}

const placeOf = (batch: Item): string => `${batch['pk']?.S} ${batch['sk']?.S}`;

/** Where the plan of everybody went on may be somebody's key, which is erased with the person; the rest of an ended run stays. */
function withoutCursor(row: Item | undefined): Item {
  const { cursor: _cursor, revision: _revision, mark: _mark, ...rest } = row ?? {};
  return rest;
}

const recipientsIn = (batch: Item): readonly Recipient[] =>
  (batch['recipients']?.L ?? []).map(({ M = {} }) => unmarshall(M) as Recipient);

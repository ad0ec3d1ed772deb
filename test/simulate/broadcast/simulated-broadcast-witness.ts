import { isDeepStrictEqual } from 'node:util';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { BroadcastGround, PlainRow } from '../../crash/broadcast/ground.ts';
import { BroadcastWitness } from '../../crash/broadcast/witness.ts';
import type { RowChange } from '../../world/database/memory-database.ts';
import type { Item } from '../../world/expression/attribute-value.ts';
import type { Stage } from '../stage.ts';
import { contactIdsIn } from './broadcast-invocation.ts';
import type { LinkHistory } from './link-history.ts';

interface LedgerEntry {
  readonly pk?: string;
  readonly contactId?: string;
  readonly state: string;
  readonly messageId?: string;
}

/** A witness who hears of claims and cancels from the table itself, at the moment at which they are committed, by whomever. */
export class SimulatedBroadcastWitness extends BroadcastWitness {
  readonly #stage: Stage;
  readonly #message: string;
  readonly #history: LinkHistory;
  /** By its row, whether or not its creator was answered. */
  broadcastId: string | undefined;

  constructor(stage: Stage, message: string, history: LinkHistory) {
    super(stage.ground as unknown as BroadcastGround);
    this.#stage = stage;
    this.#message = message;
    this.#history = history;
  }

  /** Told of every change of a row. */
  changed({ table, before, after }: RowChange): void {
    if (table !== 'Broadcasts') return;
    if (!after) return this.accuse('a row of a broadcast was deleted');
    if (after['sk']?.S === 'broadcast')
      return this.#broadcastChanged(before?.['state']?.S, unmarshall(after) as PlainRow);
    if (after['sk']?.S?.startsWith('run#') && before && isEnded(before) && !isDeepStrictEqual(before, after))
      this.accuse('a run that had ended was changed');
    if (this.broadcastId === undefined || !after['pk']?.S?.startsWith(`run#${this.broadcastId}#`)) return;
    if (before) this.#ledgerChanged(recipientsIn(before), recipientsIn(after));
    const claimId = after['claim']?.M?.['id']?.S;
    if (claimId !== undefined && claimId !== before?.['claim']?.M?.['id']?.S)
      this.#claimed(unmarshall(after) as PlainRow);
  }

  /** A request to send must come under a claim of its sender's own that holds now, for exactly the contacts that it names. */
  reachesUnder(body: string, claimIds: ReadonlySet<string>): void {
    if ('inboxId' in (JSON.parse(body) as object)) this.accuse('sent to a whole inbox');
    const named = contactIdsIn(body).join();
    const claim = this.claims.find(
      ({ id, isSent, contactIds }) => claimIds.has(id) && !isSent && contactIds.join() === named,
    );
    if (!claim) return this.accuse('sent without a claim of its own');
    claim.isSent = true;
    const { database, time } = this.#stage;
    const row = database.rows('Broadcasts').find(({ pk, sk }) => pk?.S === claim.pk && sk?.S === claim.sk);
    if (row?.['claim']?.M?.['id']?.S !== claim.id) this.accuse('sent under a claim that was over');
    else if (claim.untilMs <= time.now()) this.accuse('sent after its claim');
  }

  /** Whoever is through stays so, but that a message that is found makes anybody `sent`. */
  #ledgerChanged(before: readonly LedgerEntry[], after: readonly LedgerEntry[]): void {
    if (after.length !== before.length) this.accuse('a batch has other recipients than before');
    for (const [index, one] of before.entries()) {
      const { state, messageId, pk, contactId } = after[index] ?? one;
      if (pk !== one.pk || contactId !== one.contactId) this.accuse('a recipient became another one');
      const isThrough = one.state !== 'planned' && one.state !== 'claimed';
      if (isThrough && state !== one.state && state !== 'sent')
        this.accuse(`a recipient who was ${one.state} became ${state}`);
      if (one.state === 'sent' && messageId !== one.messageId) this.accuse('the evidence of a message was changed');
    }
  }

  #broadcastChanged(formerState: string | undefined, row: PlainRow): void {
    if (row['message'] !== this.#message) return;
    if (this.broadcastId !== undefined && row['broadcastId'] !== this.broadcastId)
      this.accuse('made a second broadcast');
    this.broadcastId ??= String(row['broadcastId']);
    if (formerState !== undefined && formerState !== 'active' && row.state !== formerState)
      this.accuse(`a broadcast that was ${formerState} became ${row.state}`);
    if (row.state === 'cancelled') this.committed('table:cancel', []);
  }

  #claimed(row: PlainRow): void {
    this.committed('table:claim', [{ row, isNew: false }]);
    for (const { pk = '', contactId, state } of row['recipients'] as readonly LedgerEntry[]) {
      if (state !== 'claimed') continue;
      const link = this.#history.now(pk);
      if (link?.accountStatus !== 'active')
        this.accuse(`a user was claimed who was ${link?.accountStatus ?? 'unknown'}`);
      else if (link.contactId !== contactId) this.accuse('a user was claimed who had another contact');
    }
  }
}

const isEnded = ({ endedAtMs }: Item): boolean => endedAtMs !== undefined;

const recipientsIn = (batch: Item): readonly LedgerEntry[] =>
  (batch['recipients']?.L ?? []).map(({ M = {} }) => unmarshall(M) as LedgerEntry);

import { isDeepStrictEqual } from 'node:util';
import type { SampleAnswer } from '../../rigs/gateway-event.ts';
import type { Link } from '../../../functions/rules/contacts/link.ts';
import type { Seen, World } from '../world.ts';
import { permissionsOf, permissionsUnder, possibleTruths, type Doc } from './truth.ts';

interface Known {
  readonly doc: Doc;
  readonly sentAt: number;
  acceptedAt: number | undefined;
}

interface Answered {
  readonly contactId: string;
  readonly at: number;
}

/** What an answer may be when everything else is ruled out: an id, pending, refused, or a failure that may pass. */
const usualStatuses = new Set([200, 202, 403, 500, 502, 503]);

/**
 * Watches one user from the outside: what was asked and answered, and what MaiAgent has at that moment. It looks at the jobs'
 * requests, answers and the table's row, never into the jobs.
 */
export class Witness {
  readonly answers: Answered[] = [];
  /** Contacts that somebody deleted at MaiAgent: the bridge cannot know before it asks. */
  readonly deletedByOthers = new Set<string>();
  readonly #known: Known[] = [];
  readonly #world: World;
  readonly #userId: string;
  readonly #accuse: (accusation: string) => void;

  constructor(world: World, userId: string, accuse: (accusation: string) => void) {
    this.#world = world;
    this.#userId = userId;
    this.#accuse = accuse;
  }

  /** A document is on its way; from now on it may be true. */
  sent(doc: Doc): number {
    const at = this.#world.step();
    if (!this.#known.some((one) => one.doc === doc)) this.#known.push({ doc, sentAt: at, acceptedAt: undefined });
    return at;
  }

  /** Its sender was told that it is kept; from now on it must be true. */
  accepted(doc: Doc): void {
    const known = this.#known.find((one) => one.doc === doc);
    if (known && known.acceptedAt === undefined) known.acceptedAt = this.#world.step();
  }

  /** It will never be true, because a person discarded it, or its id belongs to another one. */
  forget(doc: Doc): void {
    const at = this.#known.findIndex((one) => one.doc === doc);
    if (at >= 0) this.#known.splice(at, 1);
  }

  isAccepted(doc: Doc): boolean {
    return this.#known.some((one) => one.doc === doc && one.acceptedAt !== undefined);
  }

  /** The documents that were accepted by a step, and those of which nobody can know. */
  docsAt(step: number): { accepted: Doc[]; unsure: Doc[] } {
    const isAccepted = ({ acceptedAt }: Known): boolean => acceptedAt !== undefined && acceptedAt <= step;
    return {
      accepted: this.#known.filter(isAccepted).map(({ doc }) => doc),
      unsure: this.#known.filter((one) => !isAccepted(one)).map(({ doc }) => doc),
    };
  }

  /**
   * An answer of `identify` to a document. It is as old as the caller's last look at the table: what was accepted before that must
   * be in it, and whatever was sent by now may be.
   */
  answered(
    { status, body }: SampleAnswer,
    doc: Doc,
    by: Pick<Seen, 'lastSawTableAt' | 'deployment'>,
    begunAt: number,
  ): void {
    if (!usualStatuses.has(status)) this.#accuse(`answered ${status} ${JSON.stringify(body)}`);
    const contactId: unknown = body.contactId;
    if (typeof contactId === 'string') this.#judge(contactId, doc, by, begunAt);
    // A refusal comes after the change was heard; what a token says of somebody who is refused is not heard.
    if (status === 200 || status === 202 || (status === 403 && doc.by === 'api')) this.accepted(doc);
  }

  #judge(
    contactId: string,
    doc: Doc,
    { lastSawTableAt, deployment }: Pick<Seen, 'lastSawTableAt' | 'deployment'>,
    begunAt: number,
  ): void {
    const seenAt = Math.max(lastSawTableAt, begunAt);
    if (this.deletedByOthers.has(contactId)) return;
    const { store } = this.#world.maiAgent;
    const contact = store.row(contactId);
    if (!contact) return this.#accuse('answered the id of a contact that never was');
    const origin = this.#world.originOf(contact);
    if (!isOf(this.#userId, origin)) this.#accuse(`answered a foreign contact: ${origin ?? 'null'}`);
    const isLive = contact.deletedAt === null;
    if (!isLive && !this.#isTakenBack(contactId, seenAt))
      return this.#accuse('answered the id of a contact that is not live');
    const { accepted, unsure } = this.docsAt(seenAt);
    const others = unsure.filter((one) => one !== doc);
    const mayBe = possibleTruths([...accepted.filter((one) => one !== doc), doc], others).filter(
      (truth) => truth?.accountStatus === 'active',
    );
    const isLike =
      [deployment, this.#world.deployment].some((one) =>
        mayBe.some((truth) => isDeepStrictEqual(permissionsUnder(one, truth?.permissions), contact.queryMetadata)),
      ) ||
      (hasErased(this.#world.link(`user#${this.#userId}`)) &&
        isDeepStrictEqual(contact.queryMetadata, permissionsOf.nobody));
    if (mayBe.length === 0) this.#accuse('answered an id although a disable or delete was accepted');
    else if (isLive && !isLike && !this.#isTakenBack(contactId, seenAt))
      this.#accuse(`answered an id while MaiAgent had other permissions: ${JSON.stringify(contact.queryMetadata)}`);
    if (this.#isOfFormerLife(contactId, seenAt)) this.#accuse('answered the contact of a life that was over');
    this.answers.push({ contactId, at: this.#world.step() });
  }

  /**
   * An answer may be long on its way. A caller that was frozen after its last look at the table answers what was true then; where the
   * contact was deleted or robbed of its permissions since, because the user was disabled or deleted, nothing was given away.
   */
  #isTakenBack(contactId: string, seenAt: number): boolean {
    const contact = this.#world.maiAgent.store.row(contactId);
    if ((this.#world.contactsChangedAt.get(contactId) ?? 0) <= seenAt) return false;
    return contact?.deletedAt !== null || isDeepStrictEqual(contact.queryMetadata, permissionsOf.nobody);
  }

  /** A contact that was handed out before a deletion was accepted, unless the deletion was older than a creation before that. */
  #isOfFormerLife(contactId: string, seenAt: number): boolean {
    const first = this.answers.find((one) => one.contactId === contactId);
    if (!first) return false;
    return this.#known.some(
      ({ doc, acceptedAt }) =>
        doc.kind === 'deleted' &&
        acceptedAt !== undefined &&
        acceptedAt > first.at &&
        acceptedAt <= seenAt &&
        !this.#known.some(
          (one) => one.doc.kind === 'created' && one.doc.version > doc.version && one.sentAt < first.at,
        ),
    );
  }

  /** No blind POST: the sender holds the row's lease, and MaiAgent told it since that nobody has this `sourceId`. */
  creates(sourceId: string, by: Seen): true {
    const row = this.#world.link(`user#${this.#userId}`);
    if (row?.leaseOwner === undefined || !by.leases.has(row.leaseOwner)) this.#accuse('created without the lease');
    else if ((row.leaseUntil ?? 0) <= this.#world.time.now()) this.#accuse('created after the lease');
    if (!by.foundNone.has(sourceId)) this.#accuse('created without a search that found nothing');
    return true;
  }
}

/** Whether something was told while the user was deleted: it is unknown until it is told again, and nothing is granted by it. */
export const hasErased = (row: Link | undefined): boolean => JSON.stringify(row?.reports ?? []).includes('"erased"');

/** Whether a `sourceId` is one of this user's: of the first life, or of a later one. */
export const isOf = (userId: string, sourceId: string | null): boolean =>
  sourceId === userId || (sourceId !== null && sourceId.startsWith(`${userId}~`));

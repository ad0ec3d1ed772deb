import { isDeepStrictEqual } from 'node:util';
import type { SampleAnswer } from '../rigs/gateway-event.ts';
import { permissionsOf, type Doc } from '../crash/truth.ts';
import { Witness } from '../crash/witness.ts';
import type { SimulatedInvocation } from './simulated-invocation.ts';
import type { Stage } from './stage.ts';

/** What the witness says of MaiAgent as it is at the moment of an answer, not of the answer itself. */
const ofTheMoment = /^answered (the id of a contact that is not live|an id while MaiAgent had other permissions)/;

/**
 * A witness for answers that are long on their way. A caller that was frozen after its last look at the table answers what was true
 * then; when the contact was taken back since, because the user was disabled or deleted, nothing was given away.
 */
export class SimulatedWitness extends Witness {
  readonly #stage: Stage;
  #isTakenBack = false;

  constructor(stage: Stage, userId: string) {
    super(stage.ground, userId, stage.time);
    this.#stage = stage;
  }

  override accuse(accusation: string): void {
    if (!(this.#isTakenBack && ofTheMoment.test(accusation))) super.accuse(accusation);
  }

  override answered(answer: SampleAnswer, doc: Doc, by: SimulatedInvocation, begunAt: number): void {
    const contact = this.#stage.world.store.row(String(answer.body.contactId));
    const isNobodys = contact !== undefined && isDeepStrictEqual(contact.queryMetadata, permissionsOf.nobody);
    const isSince = contact !== undefined && contact.updatedAt >= by.lastSawTableAtMs;
    this.#isTakenBack = isSince && (isNobodys || contact.deletedAt !== null);
    super.answered(answer, doc, by, begunAt);
    this.#isTakenBack = false;
  }
}

import type { Link } from '../../../functions/rules/contacts/link.ts';
import type { SyncEvent } from '../../../functions/sync.ts';
import { event } from '../../rigs/change-rig.ts';
import type { SampleRequest } from '../../rigs/gateway-event.ts';
import { identifyJob, syncJob, userChangedJob } from '../jobs.ts';
import { Player, type Attempt } from '../player.ts';
import { leaseMs } from '../settings.ts';
import type { World } from '../world.ts';
import type { Doc, SamplePerson } from './truth.ts';
import { isOf, Witness } from './witness.ts';

/** What acts are made of. */
interface Deeds {
  readonly pk: string;
  readonly world: World;
  signIn(doc?: Doc): Attempt;
  put(doc: Doc): Attempt;
  tell(kind: Doc['kind'], isBack?: boolean): Attempt;
  sync(event: SyncEvent): Attempt;
  doc(by: Doc['by'], kind: Doc['kind'], role: SamplePerson['role']): Doc;
}

/** What can be done to a user, or on a user's behalf, a row each. */
const acts = {
  'sign-in': (person) => person.signIn(),
  /** With a newer token that says something else. */
  'sign-in-anew': (person) => person.signIn(person.doc('token', 'updated', 'partner')),
  put: (person) => person.put(person.doc('api', 'updated', 'partner')),
  'put-created': (person) => person.put(person.doc('api', 'created', 'staff')),
  'put-disabled': (person) => person.put({ ...person.doc('api', 'updated', 'staff'), status: 'disabled' }),
  'told-created': (person) => person.tell('created'),
  'told-updated': (person) => person.tell('updated'),
  'told-disabled': (person) => person.tell('disabled'),
  'told-enabled': (person) => person.tell('enabled'),
  'told-deleted': (person) => person.tell('deleted'),
  /** The very fields that the store told first, in a newer document: what was wanted before is wanted again. */
  'told-updated-back': (person) => person.tell('updated', true),
  'told-created-back': (person) => person.tell('created', true),
  /** The table's stream wakes the job for this user. */
  sync: (person) => person.sync(wokenBy(person.pk)),
  sweep: (person) => person.sync({ sweep: true }),
  audit: (person) => person.sync({ audit: true }),
  /** The lease of whoever has it is over. */
  'lease-passes': (person) => () => person.world.time.sleep(leaseMs + 1_000),
} satisfies Record<string, (person: Deeds) => Attempt>;
export type Act = keyof typeof acts;

/** What the table's stream says of a row that is to wake a job. */
const wokenBy = (pk: string): SyncEvent => ({ Records: [{ dynamodb: { Keys: { pk: { S: pk } } } }] });

/** A first issue time of tokens, in seconds, long before every story. */
const ISSUED_AT_S = 1_760_000_000;
const nobody: SamplePerson = { name: '', email: '', role: 'nobody' };

/** One user, with everybody who acts for that user, and the witness of all of it. */
export class Person extends Player<Act> implements Deeds {
  readonly userId: string;
  readonly witness: Witness;
  #claims: Doc;
  #versions = 0;
  #firstTold: SamplePerson | undefined;
  /** True when somebody changed the contact at MaiAgent: the bridge only hears of it by an audit. */
  isTouchedByOthers = false;

  constructor(world: World, userId: string) {
    super(world);
    this.userId = userId;
    this.witness = new Witness(world, userId, (accusation) => this.accuse(accusation));
    this.#claims = this.doc('token', 'updated', 'staff');
    world.watches.push({
      creates: (sourceId, by) => isOf(userId, sourceId) && this.witness.creates(sourceId, by),
    });
  }

  get pk(): string {
    return `user#${this.userId}`;
  }

  get row(): Link | undefined {
    return this.world.link(this.pk);
  }

  prepare(act: Act): Attempt {
    return acts[act](this);
  }

  signIn(doc = this.#claims): Attempt {
    this.#claims = doc;
    const { role, ...named } = doc.person ?? nobody;
    const claims = { sub: this.userId, ...named, roles: [role], iat: ISSUED_AT_S + doc.version };
    return this.#identify({ routeKey: 'POST /v1/identity', claims, body: {} }, doc);
  }

  put(doc: Doc): Attempt {
    const { role, ...named } = doc.person ?? nobody;
    const rest = { ...(doc.status && { status: doc.status }), ...(doc.kind === 'created' && { create: true }) };
    const request = {
      routeKey: 'PUT /v1/users/{userId}',
      claims: { sub: 'back-end' },
      parameters: { userId: this.userId },
      body: { ...named, roles: [role], version: doc.version, ...rest },
    };
    return this.until(() => this.witness.isAccepted(doc), this.#identify(request, doc));
  }

  tell(kind: Doc['kind'], isBack = false): Attempt {
    const news = this.doc('generic', kind, kind === 'created' ? 'staff' : 'partner');
    this.#firstTold ??= news.person;
    const doc = isBack && this.#firstTold ? { ...news, person: this.#firstTold } : news;
    const { role, ...named } = doc.person ?? nobody;
    const sent = event(kind, this.userId, doc.version, doc.person && { ...named, roles: [role] });
    return this.until(
      () => this.witness.isAccepted(doc),
      async (adversary) => {
        await this.invoke(adversary, async (by) => {
          this.witness.sent(doc);
          const { status, body } = await userChangedJob(by).webhook(sent, { id: `${this.userId}-${doc.version}` });
          if (status === 202) this.witness.accepted(doc);
          by.note(`answers ${status} ${body.status ?? body.code}`);
        });
      },
    );
  }

  sync(event: SyncEvent): Attempt {
    return async (adversary) => void (await this.invoke(adversary, (by) => syncJob(by)(event)));
  }

  /** A document that is newer than all before. */
  doc(by: Doc['by'], kind: Doc['kind'], role: SamplePerson['role']): Doc {
    this.#versions += 1;
    const version = this.#versions;
    const hasFields = kind === 'created' || kind === 'updated';
    const person = { name: `${by} ${version}`, email: `${by}${version}@corp.example`, role };
    return { by, kind, version, ...(hasFields && { person }) };
  }

  #identify(request: SampleRequest, doc: Doc): Attempt {
    return async (adversary) => {
      const begun = this.witness.sent(doc);
      await this.ask(identifyJob, request, adversary, (answer, by) => this.witness.answered(answer, doc, by, begun));
    };
  }
}

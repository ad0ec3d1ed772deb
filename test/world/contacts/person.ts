import type { Imported } from '../../../functions/changes/import-users.ts';
import type { Compared } from '../../../functions/contacts/audit-contacts.ts';
import type { Link } from '../../../functions/rules/contacts/link.ts';
import { SECOND_PASS_AFTER_MS } from '../../../functions/rules/evaluation.ts';
import { RECORDS_AFTER_MS } from '../../../functions/rules/erasure/erasure.ts';
import { Unavailable } from '../../../functions/rules/failure.ts';
import type { Listed } from '../../../functions/rules/maiagent/difference.ts';
import type { SyncEvent } from '../../../functions/sync.ts';
import type { Fate, JudgedDelivery } from '../../changes/judge-ledger.ts';
import { event } from '../../rigs/change-rig.ts';
import type { SampleRequest } from '../../rigs/gateway-event.ts';
import { identifyJob, manageJob, syncJob, userChangedJob } from '../jobs.ts';
import { Player, type Attempt } from '../player.ts';
import { leaseMs } from '../settings.ts';
import type { World } from '../world.ts';
import type { Doc, SamplePerson } from './truth.ts';
import { isOf, Witness } from './witness.ts';

/** What acts are made of. */
interface Deeds {
  readonly userId: string;
  readonly pk: string;
  readonly world: World;
  signIn(doc?: Doc, isVisited?: boolean): Attempt;
  visit(): Attempt;
  rotate(): Attempt;
  put(doc: Doc): Attempt;
  tell(kind: Doc['kind'], isBack?: boolean): Attempt;
  sync(event: SyncEvent): Attempt;
  byEarlier(attempt: Attempt): Attempt;
  deliver(delivery: NewDelivery): Attempt;
  /** An id that was used before, or a new one where none was. */
  usedId(by: 'any' | 'ahead'): string;
  ahead(kind: Doc['kind']): Doc;
  operate(wish: () => object | undefined): Attempt;
  import(doc: Doc): Attempt;
  putRight(): Attempt;
  doc(by: Doc['by'], kind: Doc['kind'], role: SamplePerson['role']): Doc;
}

/** What can be done to a user, or on a user's behalf, a row each. */
const acts = {
  'sign-in': (person) => person.signIn(),
  /** With a newer token that says something else. */
  'sign-in-anew': (person) => person.signIn(person.doc('token', 'updated', 'partner')),
  /** Somebody without a token of a user, who comes back with what the first visit gave. */
  visit: (person) => person.visit(),
  /** The visitor turns out to be this user. */
  'sign-in-visited': (person) => person.signIn(undefined, true),
  /** The contact's id has leaked. */
  rotate: (person) => person.rotate(),
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
  /** Of a time that lies further ahead than the bridge believes. */
  'told-ahead': (person) => person.deliver(deliveryOf(person.ahead('disabled'), person)),
  'told-ahead-again': (person) => {
    const id = person.usedId('ahead');
    return person.deliver({ ...deliveryOf(person.ahead('updated'), person), id });
  },
  /** Nobody will ever understand it. */
  'told-nonsense': (person) => {
    const body = JSON.stringify(event('updated', person.userId, 1, { version: 'never' }));
    return person.deliver({ id: person.usedId('any'), body, isOurs: true });
  },
  'told-other': (person) => {
    const body = JSON.stringify(event('danced', person.userId, 1));
    return person.deliver({ id: `${person.userId}-other`, body, isOurs: false });
  },
  redrive: (person) => person.operate(() => ({ redrive: true })),
  discard: (person) => person.operate(() => discardOf(person)),
  /** A file has the user, and names the contact that somebody made by hand. */
  adopt: (person) => person.import(person.doc('generic', 'updated', 'staff')),
  /** An operator has everything compared that MaiAgent lists, and put right. */
  'put right': (person) => person.putRight(),
  'rotate-secret': (person) => () => {
    person.world.secretNumber += 1;
    return Promise.resolve();
  },
  /** What lay ahead does no more. */
  'time-comes': (person) => () => person.world.time.sleep(2 * AHEAD_S * 1_000),
  /** The table's stream wakes the job for this user. */
  sync: (person) => person.sync(wokenBy(person.pk)),
  sweep: (person) => person.sync({ sweep: true }),
  audit: (person) => person.sync({ audit: true }),
  /** Other rules count from now on; functions of the deployment before run on for a while. */
  deploy: (person) => () => person.world.deploy(),
  'earlier-sign-in': (person) => person.byEarlier(person.signIn()),
  'earlier-told-updated-back': (person) => person.byEarlier(person.tell('updated', true)),
  'earlier-told-disabled': (person) => person.byEarlier(person.tell('disabled')),
  'earlier-sync': (person) => person.byEarlier(person.sync(wokenBy(person.pk))),
  /** Until no function of the deployment before is left, so that the second pass may begin. */
  'half-an-hour': (person) => () => person.world.time.sleep(SECOND_PASS_AFTER_MS),
  /** Nothing that was planned before a deletion is committed any more, and the records are gone through. */
  'records-due': (person) => () => person.world.time.sleep(RECORDS_AFTER_MS + 1_000),
  /** The lease of whoever has it is over. */
  'lease-passes': (person) => () => person.world.time.sleep(leaseMs + 1_000),
} satisfies Record<string, (person: Deeds) => Attempt>;
export type Act = keyof typeof acts;

/** What the table's stream says of a row that is to wake a job. */
const wokenBy = (pk: string): SyncEvent => ({ Records: [{ dynamodb: { Keys: { pk: { S: pk } } } }] });

/** A first issue time of tokens and versions of the store, in seconds, long before every story. */
const ISSUED_AT_S = 1_760_000_000;
/** Just too far ahead (`functions/rules/contacts/version.ts`), so that its time comes while others are still at it. */
const AHEAD_S = 302;

/** What the user store sent, and what it was answered. */
export interface Delivery extends JudgedDelivery {
  readonly doc?: Doc;
  readonly answers: string[];
  /** Its sender was told that the id belongs to another event. */
  isRefused: boolean;
}

type NewDelivery = Omit<Delivery, 'answers' | 'isRefused'>;

function told(doc: Doc) {
  const { role, ...named } = doc.person ?? nobody;
  const version = new Date((ISSUED_AT_S + doc.version) * 1_000).toISOString();
  return { ...(doc.person && { ...named, roles: [role] }), version };
}

function deliveryOf(doc: Doc, { userId }: { readonly userId: string }): NewDelivery {
  const body = JSON.stringify(event(doc.kind, userId, 1, told(doc)));
  return { id: `${userId}-${doc.version}`, body, isOurs: true, doc };
}

/** A person finds a record in the quarantine and decides that it is never to be read. */
function discardOf({ world }: Deeds): object | undefined {
  const open = world.rows('Links', 'quarantined#').find((row) => row['closedAs'] === undefined);
  const recordId = open?.pk.replace('quarantined#', '');
  if (recordId === undefined) return undefined;
  world.discarded.add(recordId);
  return { discard: [recordId], why: 'a sample reason' };
}

const nobody: SamplePerson = { name: '', email: '', role: 'nobody' };

/** One user, with everybody who acts for that user, and the witness of all of it. */
export class Person extends Player<Act> implements Deeds {
  readonly userId: string;
  readonly witness: Witness;
  readonly deliveries: Delivery[] = [];
  /** What became of them in the end, where some of them could not be taken at first. */
  readonly fates: Fate[] = [];
  #claims: Doc;
  #versions = 0;
  #firstTold: SamplePerson | undefined;
  #visitorToken: string | undefined;
  /** A contact that somebody made by hand, which may become the user's. */
  madeByHand: string | undefined;
  /** True when somebody changed the contact at MaiAgent: the bridge only hears of it by an audit. */
  isTouchedByOthers = false;

  constructor(world: World, userId: string) {
    super(world);
    this.userId = userId;
    this.witness = new Witness(world, userId, (accusation) => this.accuse(accusation));
    this.#claims = this.doc('token', 'updated', 'staff');
    world.watches.push({
      creates: (sourceId, by) =>
        sourceId.startsWith('~visitor_') || (isOf(userId, sourceId) && this.witness.creates(sourceId, by)),
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

  /** The link of the visitor whose token the browser has. */
  get visitor(): Link | undefined {
    const [, payload = ''] = this.#visitorToken?.split('.') ?? [];
    if (payload === '') return undefined;
    const { sub } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { sub: string };
    return this.world.link(`visitor#${sub}`);
  }

  visit(): Attempt {
    return async (adversary) => {
      const request = { routeKey: 'POST /v1/visitors', body: { visitorToken: this.#visitorToken } };
      await this.ask(identifyJob, request, adversary, ({ status, body }) => {
        if (status === 200 && this.visitor?.accountStatus === 'deleted') this.accuse('a visitor who is over got an id');
        if (typeof body.visitorToken === 'string') this.#visitorToken = body.visitorToken;
      });
    };
  }

  rotate(): Attempt {
    const request = {
      routeKey: 'POST /v1/users/{userId}/rotate',
      claims: { sub: 'back-end' },
      parameters: { userId: this.userId },
    };
    return async (adversary) => {
      await this.ask(manageJob, { ...request, body: { generation: this.row?.generation ?? 1 } }, adversary);
    };
  }

  signIn(doc = this.#claims, isVisited = false): Attempt {
    this.#claims = doc;
    const { role, ...named } = doc.person ?? nobody;
    const claims = { sub: this.userId, ...named, roles: [role], iat: ISSUED_AT_S + doc.version };
    const body = isVisited ? { visitorToken: this.#visitorToken } : {};
    return this.#identify({ routeKey: 'POST /v1/identity', claims, body }, doc);
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
    return this.deliver(deliveryOf(doc, this));
  }

  /** Until it is answered. What its sender was told is accepted is true from then on; of what lies in quarantine nobody knows. */
  deliver(made: NewDelivery): Attempt {
    const delivery: Delivery = { ...made, answers: [], isRefused: false };
    const { id, body: sent, doc, answers } = delivery;
    this.deliveries.push(delivery);
    return this.until(
      () => answers.length > 0 || delivery.isRefused,
      async (adversary) => {
        await this.invoke(adversary, async (by) => {
          if (doc) this.witness.sent(doc);
          const { status, body } = await userChangedJob(by).webhook(sent, { id });
          if (status === 202) answers.push(String(body.status));
          delivery.isRefused ||= status === 409;
          const isKept = status === 202 && (body.status === 'accepted' || !this.#isAhead(doc));
          if (doc && isKept) this.witness.accepted(doc);
          by.note(`answers ${status} ${body.status ?? body.code}`);
        });
      },
    );
  }

  /** Whether some of it could not be taken when it was made. */
  get hasSentUnreadable(): boolean {
    return this.deliveries.some(({ doc }) => !doc || this.#isAhead(doc));
  }

  operate(wish: () => object | undefined): Attempt {
    return async (adversary) => {
      await this.invoke(adversary, async (by) => {
        const event = wish();
        if (event) by.note(JSON.stringify(await userChangedJob(by).hear(event as never)));
      });
    };
  }

  /** Until it is answered. A row that is refused changes nothing, unless an earlier attempt was taken. */
  import(doc: Doc): Attempt {
    const row = { text: JSON.stringify({ userId: this.userId, ...told(doc) }), contactId: this.madeByHand };
    let isAnswered = false;
    return this.until(
      () => isAnswered,
      async (adversary) => {
        await this.invoke(adversary, async (by) => {
          this.witness.sent(doc);
          const { users } = (await userChangedJob(by).hear({ import: 'generic', rows: [row] })) as Imported;
          isAnswered = true;
          if (users[0]?.outcome !== 'refused') this.witness.accepted(doc);
          by.note(JSON.stringify(users));
        });
      },
    );
  }

  putRight(): Attempt {
    return async (adversary) => {
      const ask = async <Answer>(wish: object): Promise<Answer | undefined> => {
        let answer: Answer | undefined;
        await this.invoke(adversary, async (by) => {
          try {
            answer = (await syncJob(by)(wish as SyncEvent)) as Answer;
          } catch (error) {
            // The operator reads it, and calls again some day.
            if (!(error instanceof Unavailable)) throw error;
          }
        });
        return answer;
      };
      const listed = await ask<Listed>({ compare: 'list' });
      const compared = await ask<Compared>({ compare: [...(listed?.looks ?? []), { pk: this.pk }] });
      await ask({ mend: compared?.differences ?? [] });
    };
  }

  usedId(by: 'any' | 'ahead'): string {
    const used = this.deliveries.filter(({ doc }) => by === 'any' || this.#isAhead(doc));
    return used.at(-1)?.id ?? `${this.userId}-of-its-own`;
  }

  ahead(kind: Doc['kind']): Doc {
    const nowS = Math.floor(this.world.time.now() / 1_000) - ISSUED_AT_S;
    const made = this.doc('generic', kind, 'partner');
    return { ...made, version: nowS + AHEAD_S + made.version };
  }

  #isAhead = (doc: Doc | undefined): boolean => (doc?.version ?? 0) > AHEAD_S;

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

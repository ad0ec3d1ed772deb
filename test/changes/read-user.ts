import { afterAll, beforeAll, beforeEach } from 'vitest';
import { call } from '../rigs/gateway-event.ts';
import { startReadStore, type ReadStore } from '../rigs/read-store-rig.ts';

const fields = { roles: 'realmRoles', groups: 'groups', attributes: { office: 'attributes.office' } };
const wholeStore = () => startReadStore(fields, { read: { clients: { app: 'app-uuid' } } });

/** A user of a Keycloak realm that is read, another one for every test of a file, and words for what happens to the user. */
export class ReadUser {
  userId = '';
  #store: ReadStore | undefined;
  #people = 0;

  constructor(start: () => Promise<ReadStore> = wholeStore) {
    beforeAll(async () => {
      this.#store = await start();
    });
    afterAll(() => this.#store?.close());
    beforeEach(() => {
      this.userId = `0000000${(this.#people += 1)}-0000-4000-8000-000000000000`;
      this.real.clock.advance(1_000_000);
      this.real.lines.length = 0;
    });
  }

  get real() {
    return this.#store!.real;
  }
  get rig() {
    return this.#store!.rig;
  }
  get realm() {
    return this.#store!.realm;
  }
  get keycloak() {
    return this.#store!.keycloak;
  }

  readonly tell = (event: object, source?: string) => {
    this.real.clock.advance(10);
    return this.#store!.tell(event, source);
  };
  /** Somebody who has the role of the staff, and was read since. */
  readonly staffMember = async (): Promise<void> => {
    const { realm, userId } = this;
    await this.tell(realm.create(userId, { enabled: true, firstName: 'Sample', email: 'sample@corp.example' }));
    await this.tell(realm.give(userId, 'staff'));
    await this.sweep();
  };
  readonly sweep = () => this.#store!.sweep();
  readonly signIn = (job = this.real.job()) =>
    call(job, { routeKey: 'POST /v1/identity', claims: { sub: this.userId, name: 'Of the token' }, body: {} });

  /** The one knowledge base that the contact may query at MaiAgent, by its last digit. */
  readonly base = async (): Promise<string | undefined> => {
    await this.rig.settle();
    return /-0{11}(\d)"/.exec(JSON.stringify(this.rig.contactsOf(this.userId)[0]?.queryMetadata))?.[1];
  };
  /** What is kept of the reading of the user; it has a `dueShard` while one is due. */
  readonly due = async () =>
    (await this.real.table.rows()).find(({ pk }) => pk === `read#staff#${this.userId}`) as
      | { readonly dueShard?: string; readonly lastError?: string }
      | undefined;
}

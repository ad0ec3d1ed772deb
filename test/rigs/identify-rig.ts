import { afterAll, beforeAll, beforeEach } from 'vitest';
import type { Settings } from '../../functions/env.ts';
import type { Link } from '../../functions/rules/contacts/link.ts';
import { call, type SampleAnswer } from './gateway-event.ts';
import { startDeps, type RealDeps } from './real-parts.ts';

/** The identify job over real parts for one test file, with a new user for every test, and words for what a test does and sees. */
export class Rig {
  userId = '';
  #real: RealDeps | undefined;
  #callsBefore = 0;
  #people = 0;

  constructor({ settings = {}, isStanding = false }: { settings?: Partial<Settings>; isStanding?: boolean } = {}) {
    beforeAll(async () => {
      this.#real = await startDeps({ settings, isStanding });
    });
    afterAll(() => this.real.close());
    beforeEach(() => {
      this.#people += 1;
      this.userId = `user-${this.#people}`;
      this.real.emulator.faults.clear();
      this.forgetCalls();
    });
  }

  get real(): RealDeps {
    if (!this.#real) throw new Error('the parts are started in beforeAll');
    return this.#real;
  }

  signIn(claims: Record<string, unknown> = {}, body: unknown = {}, job = this.real.job()): Promise<SampleAnswer> {
    return call(job, {
      routeKey: 'POST /v1/identity',
      claims: { sub: this.userId, name: 'Sample Person', ...claims },
      body,
    });
  }

  visit(body: unknown = {}, address = '192.0.2.1', job = this.real.job(), client?: string): Promise<SampleAnswer> {
    const named = client !== undefined && { headers: { 'x-client-address': client } };
    return call(job, { routeKey: 'POST /v1/visitors', body, address, ...named });
  }

  put(body: unknown): Promise<SampleAnswer> {
    const { userId } = this;
    return call(this.real.job(), {
      routeKey: 'PUT /v1/users/{userId}',
      claims: { sub: 'back-end' },
      parameters: { userId },
      body,
    });
  }

  forgetCalls(): void {
    this.real.table.calls.length = 0;
    this.#callsBefore = this.real.emulator.calls.length;
  }

  /** What the job did since the test began, or since `forgetCalls`. */
  get done(): { reads: number; writes: number; calls: (string | undefined)[] } {
    const reads = this.real.table.calls.filter((name) => name === 'GetItemCommand').length;
    const calls = this.real.emulator.calls.slice(this.#callsBefore).map((one) => one.operation);
    return { reads, writes: this.real.table.calls.length - reads, calls };
  }

  get liveContacts() {
    return this.real.emulator.store.liveContacts.filter((one) => one.sourceId === this.userId);
  }

  async row(): Promise<Link | undefined> {
    return (await this.real.table.rows()).find((one) => one.pk === `user#${this.userId}`);
  }
}

/** Nothing read, nothing written, nobody called. */
export const nothing = { reads: 0, writes: 0, calls: [] };

import type { Pause } from './pause.ts';

/** After this many failures in a row a read decides whether MaiAgent is down. The number doubles each time it is not. */
const FAILURES_BEFORE_PROBE = 3;

/** What one call says of MaiAgent as a whole. `busy`: it asked for a pause, of one contact or of everybody, which a read finds out. */
export type Sign = 'well' | 'failed' | 'busy' | 'nothing';

/** Tells failures of single contacts from an outage of MaiAgent, for one round of work. */
export class Health {
  readonly #pause: Pause;
  #failures = 0;
  #probeAt = FAILURES_BEFORE_PROBE;
  isDown = false;

  constructor(pause: Pause) {
    this.#pause = pause;
  }

  async note(sign: Sign): Promise<void> {
    if (sign === 'well') this.#failures = 0;
    else if (sign !== 'nothing') this.#failures += sign === 'busy' ? FAILURES_BEFORE_PROBE : 1;
    if (this.#failures < this.#probeAt) return;
    this.#failures = 0;
    this.#probeAt *= 2;
    if (!(await this.#pause.isMaiAgentUp())) this.isDown = true;
  }
}

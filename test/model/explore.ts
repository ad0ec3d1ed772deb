/**
 * How a step comes about. `progress`: the system or MaiAgent goes on by itself. `demand`: somebody asks for something or changes
 * it. `fault`: something goes wrong. What must come to rest does so by progress alone.
 */
export type Kind = 'progress' | 'demand' | 'fault';

/** An invariant of the design that does not hold, and what shows it. */
export interface Breach {
  readonly invariant: number;
  readonly because: string;
}

/** One thing that can happen next, in words, and the state after it. */
export interface Step<State> {
  readonly kind: Kind;
  readonly does: string;
  readonly to: State;
  /** What is wrong with the step itself, whatever the state after it. */
  readonly breach?: Breach | undefined;
}

/** A protocol small enough to try everything. States are plain data whose attributes always stand in the same order. */
export interface Model<State> {
  readonly start: State;
  steps(state: State): readonly Step<State>[];
  /** What is wrong with a state, wherever it comes from. */
  breachIn(state: State): Breach | undefined;
  /** The same state under other names, so that only one of them is explored; stories keep their own names. */
  canonical?(state: State): State;
  /** Nothing is owed: from every state such a one must be reachable by progress alone (invariant 14). */
  isSettled(state: State): boolean;
}

/** The shortest way to a breach. */
export interface Story extends Breach {
  readonly steps: readonly string[];
}

/** What an exploration saw: everything there is, or everything up to the first breach. */
export interface Explored {
  readonly states: number;
  readonly steps: number;
  readonly settled: number;
  readonly story: Story | undefined;
}

/** Ten times the largest model; one that grows beyond is not explored in a minute and has to be cut. */
const STATES_MAX = 2_000_000;

/**
 * Tries everything, breadth first, so that the first breach that is met has the shortest story. Where some states are enough, those
 * that are furthest away are not tried, and whether it comes to rest is not asked.
 */
export function explore<State>(model: Model<State>, enough = Infinity): Explored {
  const seen = new Seen<State>();
  let steps = 0;
  const explored = (story?: Story): Explored => ({ states: seen.size, steps, settled: seen.settled.length, story });
  seen.add(model.start, -1, '', model);
  for (let from = 0; from < seen.size; from += 1) {
    if (seen.size >= enough) return explored();
    for (const step of model.steps(seen.take(from))) {
      steps += 1;
      const to = seen.add(step.to, from, step.does, model);
      const breach = step.breach ?? (to.isNew ? model.breachIn(step.to) : undefined);
      if (breach) return explored({ ...breach, steps: [...seen.wayTo(from), step.does] });
      if (step.kind === 'progress') seen.join(from, to.index);
    }
  }
  const lost = seen.firstThatCannotSettle();
  if (lost === undefined) return explored();
  return explored({ invariant: 14, because: 'from here it never comes to rest', steps: seen.wayTo(lost) });
}

/** The states met so far, how each was first met, and which ones lead to which by progress. */
class Seen<State> {
  readonly settled: number[] = [];
  readonly #indexes = new Map<string, number>();
  /** States wait here until it is their turn; then only their key remains. */
  readonly #waiting: (State | undefined)[] = [];
  readonly #parents: number[] = [];
  readonly #deeds: string[] = [];
  readonly #joined: [number[], number[]] = [[], []];

  get size(): number {
    return this.#parents.length;
  }

  add(state: State, parent: number, does: string, model: Model<State>) {
    const key = JSON.stringify(model.canonical?.(state) ?? state);
    const known = this.#indexes.get(key);
    if (known !== undefined) return { index: known, isNew: false };
    const index = this.size;
    if (index >= STATES_MAX) throw new Error(`more than ${STATES_MAX} states`);
    this.#indexes.set(key, index);
    this.#waiting.push(state);
    this.#parents.push(parent);
    this.#deeds.push(does);
    if (model.isSettled(state)) this.settled.push(index);
    return { index, isNew: true };
  }

  take(index: number): State {
    const state = this.#waiting[index];
    if (state === undefined) throw new Error('each state is taken once');
    this.#waiting[index] = undefined;
    return state;
  }

  join(from: number, to: number): void {
    this.#joined[0].push(from);
    this.#joined[1].push(to);
  }

  wayTo(index: number): string[] {
    const way: string[] = [];
    for (let at = index; at > 0; at = this.#parents[at] ?? 0) way.push(this.#deeds[at] ?? '');
    return way.toReversed();
  }

  /** Goes back from the settled states along every step of progress; what is not met has no way there. */
  firstThatCannotSettle(): number | undefined {
    const { heads, nexts } = this.#backwards();
    const [froms] = this.#joined;
    const canSettle = new Uint8Array(this.size);
    const stack = [...this.settled];
    for (const index of stack) canSettle[index] = 1;
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      for (let edge = heads[at] ?? -1; edge >= 0; edge = nexts[edge] ?? -1) {
        const from = froms[edge] ?? 0;
        if (canSettle[from] === 1) continue;
        canSettle[from] = 1;
        stack.push(from);
      }
    }
    const lost = canSettle.indexOf(0);
    return lost === -1 ? undefined : lost;
  }

  /** For each state the list of the steps that lead to it, as numbers in two arrays. */
  #backwards() {
    const [, tos] = this.#joined;
    const heads = new Int32Array(this.size).fill(-1);
    const nexts = new Int32Array(tos.length);
    for (const [edge, to] of tos.entries()) {
      nexts[edge] = heads[to] ?? -1;
      heads[to] = edge;
    }
    return { heads, nexts };
  }
}

/** A story to read: one numbered line for each step, and what is wrong at the end. */
export function event({ steps, invariant, because }: Story): string {
  const lines = steps.map((step, index) => `${String(index + 1).padStart(3)}. ${step}`);
  return [...lines, `     Invariant ${invariant} does not hold: ${because}.`].join('\n');
}

import { filterOf, share, sized, type Scope } from '../../scope.ts';
import type { Outcome } from './case.ts';

/** Of which cases a run takes one in so many. */
export type Shares = Readonly<Record<Scope, number>>;

/** The kinds of cases: the id of a case begins with one of them. `CRASH='<the beginning of an id>'` runs these cases alone. */
const families = ['contacts', 'broadcasts', 'readings'] as const;
const { CRASH } = process.env;
if (CRASH !== undefined && !families.some((family) => CRASH.startsWith(family)))
  throw new Error(`CRASH=${CRASH}: the id of a case begins with ${families.join(' or ')}`);

/** The choice of one family: it leaves the cases of the others alone where `CRASH` names one of them. */
export class Choice {
  readonly #family: (typeof families)[number];
  readonly #filter = filterOf('CRASH');

  constructor(family: (typeof families)[number]) {
    this.#family = family;
  }

  /** What a test says of its share in its name. */
  static said(shares: Shares): string {
    return CRASH === undefined ? share(sized(shares)) : `those that begin with ${CRASH}`;
  }

  /** The cases to run, each with the family in its id: always the same ones. */
  of<Case extends { readonly id: string }>(cases: readonly Case[], shares: Shares): readonly Case[] {
    const named = cases.map((one) => ({ ...one, id: `${this.#family}/${one.id}` }));
    if (CRASH !== undefined) return named.filter(({ id }) => this.#filter.takes(id));
    return named.filter((_, index) => index % sized(shares) === 0);
  }

  /** Throws where `CRASH` names this family and none of its cases. */
  requireHit(): void {
    if (CRASH?.startsWith(this.#family)) this.#filter.requireHit();
  }
}

/** Whether all boundaries that must be struck can have been: a few cases strike a few. */
export const areAll = (outcomes: readonly Outcome[], often: number): boolean =>
  CRASH === undefined && outcomes.length >= often;

/** How much a run tries: what everybody runs before a change lands, what a night may take, and what needs longer than that. */
const scopes = ['test', 'prove', 'long'] as const;
export type Scope = (typeof scopes)[number];

/** `SCOPE`: `npm test` leaves it out, `npm run prove` sets it. The only place where the tests read it. */
export const scope: Scope = scopeOf(process.env['SCOPE']);

/** `SEED`: what every random choice of the tests follows from. Pinned, so that a run fails by a change and never by chance. */
export const seed: number = seedOf(process.env['SEED']);

/** The size of this run. */
export const sized = <Size>(sizes: Readonly<Record<Scope, Size>>): Size => sizes[scope];

/** What a test with a share of the cases says in its name, so that nobody takes a sample for the whole. */
export const share = (oneIn: number): string => (oneIn === 1 ? 'all' : `a sample, one in ${oneIn}`);

/** A filter for the ids of cases. */
export interface Filter {
  /** What the ids begin with; `undefined` takes all. */
  readonly prefix: string | undefined;
  takes(id: string): boolean;
  /** Throws where a prefix was given and has taken nothing: a typo must not be a green run of no case. Call it after the last case. */
  requireHit(): void;
}

export function filterOf(variable: string, prefix: string | undefined = process.env[variable]): Filter {
  let hits = 0;
  return {
    prefix,
    takes(id) {
      const isTaken = prefix === undefined || id.startsWith(prefix);
      if (isTaken) hits += 1;
      return isTaken;
    },
    requireHit() {
      if (prefix !== undefined && hits === 0) throw new Error(`${variable}=${prefix} matches no case`);
    },
  };
}

function scopeOf(text = 'test'): Scope {
  const known = scopes.find((one) => one === text);
  if (!known) throw new Error(`SCOPE=${text}: give ${scopes.join(', ')}`);
  return known;
}

/** fast-check reports seeds of 32 bits with a sign, and each of them can be given again. */
function seedOf(text = '1'): number {
  const given = /^-?\d{1,10}$/.test(text) ? Number(text) : NaN;
  if (given !== (given | 0)) throw new Error(`SEED=${text}: give a whole number of 32 bits`);
  return given;
}

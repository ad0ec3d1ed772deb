import { type LinkPage } from '../../functions/io/aws/evaluations.ts';
import { hashOf } from '../../functions/rules/canonical.ts';
import type { ContactPolicy } from '../../functions/rules/contacts/desired.ts';
import { explain } from '../../functions/rules/contacts/explain.ts';
import type { Draft, Link } from '../../functions/rules/contacts/link.ts';
import { queryMetadataOf } from '../../functions/rules/contacts/permissions.ts';
import type { Grant, PermissionRules } from '../../functions/rules/permission-rules.ts';
import { API, statusSaidIn, TOKEN } from '../../functions/rules/contacts/reports.ts';
import { subjectOf } from '../../functions/rules/contacts/subject.ts';
import { evaluated, SEGMENTS } from '../../functions/rules/evaluation.ts';
import { lossesOf } from '../../functions/rules/losses.ts';
import { isDirectory } from '../../functions/rules/scim/directory.ts';
import type { Naming } from '../../functions/rules/scim/turns.ts';
import type { SourceDeclaration } from '../../functions/rules/sources/source.ts';

/** What a deployment would do to one link. */
export interface Move {
  /** `user#<userId>` or `visitor#<visitorId>`. */
  readonly pk: string;
  /** What the person may query before: as a rule of the stage's file grants it, or the knowledge bases. */
  readonly from: string;
  /** What decides afterwards. */
  readonly to: string;
  /** The knowledge bases of which the person loses, or gains, something; `null` where that cannot be compared. */
  readonly loses: readonly string[] | null;
  readonly gains: readonly string[] | null;
}

/** What a deployment would do to all links. */
export interface Plan {
  readonly links: number;
  readonly changed: number;
  /** Links that cannot be evaluated; a deployment leaves them as they are and says so. */
  readonly unreadable: number;
  readonly readUnits: number;
  /** How many people move from what to what, the most first. */
  readonly moves: readonly (Pick<Move, 'from' | 'to'> & Record<'links' | 'losing' | 'gaining', number>)[];
  /** How many people lose or gain something of each knowledge base. */
  readonly knowledgeBases: readonly ({ readonly id: string } & Record<'losing' | 'gaining', number>)[];
  /** How many users each source still shuts out that the stage does not declare, because it was renamed or taken out. */
  readonly shutOut: readonly ({ readonly source: string } & Record<'disabled' | 'deleted', number>)[];
}

/** A directory whose groups the stage names by another attribute than their members were told: `scim` renames them after the deployment. */
export interface Renamed {
  readonly source: string;
  readonly from: string;
  readonly to: string;
}

export async function renamedIn(
  sources: readonly SourceDeclaration[],
  namingOf: (source: string) => Promise<Partial<Naming>>,
): Promise<readonly Renamed[]> {
  const all = sources.filter(isDirectory).map(async ({ name, groupNames }) => {
    const { groupNames: from = groupNames } = await namingOf(name);
    return from === groupNames ? [] : [{ source: name, from, to: groupNames }];
  });
  return (await Promise.all(all)).flat();
}

/** The pages of the segments of the table. */
export type Pages = (segment: number, cursor: string | undefined) => Promise<LinkPage>;

/**
 * Evaluates every link as `sync` does after a deployment (`evaluated`), and writes nothing. `tell` is given the plan so far after each
 * page, and each move.
 */
export async function planOf(
  pages: Pages,
  policy: ContactPolicy,
  tell: { readonly page?: (soFar: Plan) => void; readonly move?: (move: Move) => void } = {},
): Promise<Plan> {
  const count = new Counted();
  const names = namesOf(policy.permissions);
  const declared = new Set([API, TOKEN, ...policy.witnesses.map(({ source }) => source)]);
  const read = async (segment: number): Promise<void> => {
    for (let cursor: string | undefined, isLast = false; !isLast;) {
      const { links, next, readUnits } = await pages(segment, cursor);
      count.counts.readUnits += readUnits;
      for (const link of links) {
        count.standing(link, declared);
        const move = count.link(() => moveOf(link, policy, names));
        if (move) tell.move?.(move);
      }
      tell.page?.(count.plan);
      [cursor, isLast] = [next, next === undefined];
    }
  };
  await Promise.all(Array.from({ length: SEGMENTS }, (_, segment) => read(segment)));
  return count.plan;
}

function moveOf(link: Link, policy: ContactPolicy, names: ReadonlyMap<string, string>): Move | undefined {
  const next = evaluated(link, policy);
  if (!next) return undefined;
  const [before, after] = [link.desired.queryMetadata, next.desired.contact.queryMetadata];
  return {
    pk: link.pk,
    from: names.get(hashOf(before)) ?? basesOf(before),
    to: deciderOf(link, next, policy),
    loses: lossesOf(before, after) ?? null,
    gains: lossesOf(after, before) ?? null,
  };
}

/** What decides about a person under the new settings, by the explanation of the same evaluation. */
function deciderOf(link: Link, { reports }: Draft, policy: ContactPolicy): string {
  const subject = subjectOf(link.pk);
  if (subject.kind === 'visitor') return policy.permissions.visitor ? 'visitor' : 'none (visitor)';
  const { decidedBy, rules, unknown } = explain(subject, reports, policy).permissions;
  switch (decidedBy) {
    case 'rule':
      return rules.flatMap(({ rule, holds }) => (holds ? `rules[${rule}]` : [])).join(' + ');
    case 'no_rule':
      return 'none';
    case 'unknown':
      return `none (unknown: ${unknown.join(', ')})`;
    case 'disabled':
    case 'deleted':
      return `none (${decidedBy})`;
  }
}

/** The names of the stage's grants by the hash of what they open; of two equal ones the first. */
function namesOf({ none, visitor, rules }: PermissionRules): ReadonlyMap<string, string> {
  const grants: [string, Grant][] = rules.map(({ grant }, rule) => [`rules[${rule}]`, grant]);
  const all: [string, Grant][] = [
    ['none', none],
    ...grants,
    ...(visitor ? [['visitor', visitor] as [string, Grant]] : []),
  ];
  return new Map(all.toReversed().map(([name, grant]) => [hashOf(queryMetadataOf(grant)), name]));
}

function basesOf(queryMetadata: Readonly<Record<string, unknown>>): string {
  const bases = (queryMetadata['knowledge_bases'] ?? []) as { readonly knowledge_base_id?: string }[];
  return bases.map((base) => base.knowledge_base_id).join(' + ') || 'something else';
}

class Counted {
  readonly counts = { links: 0, changed: 0, unreadable: 0, readUnits: 0 };
  readonly #moves = new Map<string, Pick<Move, 'from' | 'to'> & Record<'links' | 'losing' | 'gaining', number>>();
  readonly #shutOut = new Map<string, Record<'disabled' | 'deleted', number>>();
  readonly #bases = new Map<string, Record<'losing' | 'gaining', number>>();

  /** What a source says of a standing counts until the source itself says otherwise, declared or not. */
  standing({ pk, reports }: Link, declared: ReadonlySet<string>): void {
    for (const report of subjectOf(pk).kind === 'user' ? reports : []) {
      const status = statusSaidIn(report);
      if (status === 'active' || declared.has(report.source)) continue;
      const one = this.#shutOut.get(report.source) ?? { disabled: 0, deleted: 0 };
      this.#shutOut.set(report.source, { ...one, [status]: one[status] + 1 });
    }
  }

  /** A row that cannot be evaluated keeps no other from the plan, as it keeps none from `sync`. */
  link(evaluate: () => Move | undefined): Move | undefined {
    this.counts.links += 1;
    try {
      const move = evaluate();
      if (move) this.#count(move);
      return move;
    } catch {
      this.counts.unreadable += 1;
      return undefined;
    }
  }

  #count({ from, to, loses, gains }: Move): void {
    this.counts.changed += 1;
    const key = JSON.stringify([from, to]);
    const move = this.#moves.get(key) ?? { from, to, links: 0, losing: 0, gaining: 0 };
    this.#moves.set(key, move);
    move.links += 1;
    if (loses?.length !== 0) move.losing += 1;
    if (gains?.length !== 0) move.gaining += 1;
    const base = (id: string) => {
      const one = this.#bases.get(id) ?? { losing: 0, gaining: 0 };
      this.#bases.set(id, one);
      return one;
    };
    for (const id of loses ?? []) base(id).losing += 1;
    for (const id of gains ?? []) base(id).gaining += 1;
  }

  get plan(): Plan {
    return {
      ...this.counts,
      moves: [...this.#moves.values()].toSorted(
        (a, b) => b.links - a.links || (`${a.from} ${a.to}` < `${b.from} ${b.to}` ? -1 : 1),
      ),
      knowledgeBases: [...this.#bases]
        .map(([id, counts]) => ({ id, ...counts }))
        .toSorted((a, b) => (a.id < b.id ? -1 : 1)),
      shutOut: [...this.#shutOut].map(([source, counts]) => ({ source, ...counts })),
    };
  }
}

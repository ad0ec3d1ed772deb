import { isObject, type Json } from '../sources/json.ts';
import { named, type Operation } from './document.ts';
import { ScimFailure } from './failure.ts';
import { isId } from './resource.ts';

/** Who joins a group and who leaves it. */
export interface MemberChange {
  readonly joins: readonly string[];
  readonly leaves: readonly string[];
}

/** The ids in a list of members (RFC 7643 §4.2), each once. A member is a user, known here or not yet. */
export function membersIn(list: unknown): string[] {
  const ids = [list].flat().map((one) => (isObject(one) ? one['value'] : undefined));
  if (!ids.every(isId)) throw new ScimFailure('invalidValue');
  return [...new Set(ids)];
}

const MEMBERS = /^(?:urn:ietf:params:scim:schemas:core:2\.0:Group:)?members(?:\[(.*)\])?$/is;
const BY_VALUE = /^\s*value +eq +"[^"]*"(?: +or +value +eq +"[^"]*")*\s*$/i;

export const isOfMembers = ({ path }: Operation): boolean => /^(urn:[\w.:-]+:)?members\b/i.test(path);

/** What operations come to, the last word about each member counting. `known` is asked only where all are replaced or removed. */
export async function memberChange(
  operations: readonly Operation[],
  known: () => Promise<readonly string[]>,
): Promise<MemberChange> {
  const isIn = new Map<string, boolean>();
  let before: readonly string[] = [];
  for (const operation of operations) {
    const { op, value } = operation;
    const listed = listedIn(operation);
    const isOfAll = op === 'replace' || (op === 'remove' && !listed);
    if (isOfAll) before = await known();
    if (isOfAll) for (const id of [...before, ...isIn.keys()]) isIn.set(id, false);
    for (const id of listed ?? (op === 'remove' ? [] : membersIn(value ?? []))) isIn.set(id, op !== 'remove');
  }
  const stay = new Set(before);
  const ids = (joins: boolean) => [...isIn].flatMap(([id, is]) => (is === joins ? id : []));
  return { joins: ids(true).filter((id) => !stay.has(id)), leaves: ids(false) };
}

/** Who is named by the filter, as Okta and Entra ID write it, or in the list that Entra ID gives a removal. */
function listedIn({ op, path, value }: Operation): string[] | undefined {
  const [, filter] = MEMBERS.exec(path) ?? [undefined, '?'];
  if (filter === undefined)
    return op === 'remove' && value !== undefined && value !== null ? membersIn(value) : undefined;
  if (op !== 'remove') throw new ScimFailure('invalidPath');
  if (!BY_VALUE.test(filter)) throw new ScimFailure('invalidFilter');
  return [...filter.matchAll(/"([^"]*)"/g)].map(([, id = '']) => id).filter(isId);
}

/** The change that makes these the members. */
export const difference = (known: readonly string[], next: readonly string[]): MemberChange => {
  const [before, after] = [new Set(known), new Set(next)];
  return { joins: next.filter((id) => !before.has(id)), leaves: known.filter((id) => !after.has(id)) };
};

/** The body without its members, and its members; `undefined` where it does not say. */
export function withoutMembers(body: unknown): {
  readonly rest: unknown;
  readonly members: readonly string[] | undefined;
} {
  if (!isObject(body)) return { rest: body, members: undefined };
  const entries = named('Group', body);
  const [name, list] = entries.find(([one]) => one.toLowerCase() === 'members') ?? [];
  const members = name === undefined || list === null ? undefined : membersIn(list);
  return { rest: Object.fromEntries(entries.filter(([one]) => one !== name)) satisfies Json, members };
}

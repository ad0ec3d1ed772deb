import { asManyAsFit, listOf, PAGE_MAX, projected, shown } from '../rules/scim/answer.ts';
import { ScimFailure } from '../rules/scim/failure.ts';
import { equalTo, readFilter } from '../rules/scim/filter.ts';
import { isId, keyOf, type Resource, type ScimType } from '../rules/scim/resource.ts';
import type { Json } from '../rules/sources/json.ts';
import type { Directory } from './users.ts';
import { membersOf } from './groups.ts';

/** So many resources are looked at for a filter that names none of the keys. */
const SEARCHED_MAX = 1_000;
const PAGE = 100;

/** What is read, and how it is shown. */
export interface View {
  readonly type: ScimType;
  readonly base: string;
  readonly query: Readonly<Record<string, string | undefined>>;
}

/** The resources of a type, a page at a time, all or those that a filter fits (RFC 7644 §3.4.2). Members come only where they are asked for. */
export async function find(directory: Directory, { type, base, query }: View): Promise<Json> {
  if (query['sortBy'] !== undefined) throw new ScimFailure('notImplemented');
  const startIndex = Math.max(1, numberIn(query['startIndex'], 1));
  const count = Math.min(PAGE_MAX, Math.max(0, numberIn(query['count'], PAGE)));
  const { filter: text } = query;
  const hasMembers = type === 'Group' && /\bmembers\b/i.test(`${query['attributes']} ${text}`);
  const view = async (one: Resource): Promise<Json> =>
    shown(type, one, base, hasMembers ? await membersOf(directory, one.id) : undefined);
  const page = <One>(all: readonly One[]): readonly One[] => all.slice(startIndex - 1, startIndex - 1 + count);
  const views = async (all: readonly Resource[]): Promise<Json[]> => Promise.all(all.map(view));
  const list = (all: readonly Json[], total: number): Json =>
    listOf(asManyAsFit(all.map((one) => projected(one, query))), total, startIndex);
  if (text === undefined) {
    const ids = await directory.table.ids(type);
    const shownOnes = await views(await directory.table.readAll(type, page(ids)));
    return list(shownOnes, ids.length);
  }
  const filter = readFilter(text);
  // An externalId and an id are the same in their own case alone, which the filter does not look at.
  const isExact = (one: Json) =>
    ['externalId', 'id'].every((name) => [undefined, one[name]].includes(equalTo(text, name)));
  const fitting = (await views(await candidates(directory, type, text))).filter(
    (one) => isExact(one) && filter.fits(one),
  );
  return list(page(fitting), fitting.length);
}

function numberIn(text: string | undefined, otherwise: number): number {
  if (!/^-?\d{1,9}$/.test(text ?? '0')) throw new ScimFailure('invalidValue');
  return text === undefined ? otherwise : Number(text);
}

/** The only one that can fit, by its key, or all where the filter names none. */
async function candidates({ table }: Directory, type: ScimType, text: string): Promise<Resource[]> {
  const id = equalTo(text, 'id');
  if (id !== undefined) return isId(id) ? table.readAll(type, [id]) : [];
  for (const attribute of ['externalId', type === 'User' ? 'userName' : 'displayName']) {
    const value = equalTo(text, attribute);
    if (value === undefined) continue;
    const holder = value.length <= 256 ? await table.holderOf(type, keyOf(attribute, value)) : undefined;
    return holder === undefined ? [] : table.readAll(type, [holder]);
  }
  const ids = await table.ids(type);
  if (ids.length > SEARCHED_MAX) throw new ScimFailure('tooMany');
  return table.readAll(type, ids);
}

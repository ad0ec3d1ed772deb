import { canonicalJson } from './canonical.ts';
import { isObject } from './sources/json.ts';

/**
 * True if somebody with the first `queryMetadata` may query something that somebody with the second one may not. What cannot be
 * compared counts as a loss. It orders work and displays plans; it never decides whether an id may be handed out (decision 0002).
 */
export const losesAnything = (before: unknown, after: unknown): boolean => lossesOf(before, after)?.length !== 0;

/** The knowledge bases of which the first opens something that the second does not; `undefined` where that cannot be told. */
export function lossesOf(before: unknown, after: unknown): readonly string[] | undefined {
  if (before === after || canonicalJson(before) === canonicalJson(after)) return [];
  const [from, to] = [openedBy(before), openedBy(after)];
  if (!from || !to) return undefined;
  // Labels narrow the whole grant, and nobody knows by how much.
  if (to.labels !== undefined && canonicalJson(from.labels) !== canonicalJson(to.labels)) return [...from.bases.keys()];
  return [...from.bases].flatMap(([id, base]) => {
    const left = to.bases.get(id);
    return left && isWithin(base.files, left.files) && isWithin(base.faqs, left.faqs) ? [] : id;
  });
}

type Ids = 'all' | readonly string[];
interface Base {
  readonly files: Ids;
  readonly faqs: Ids;
}

const isWithin = (some: Ids, all: Ids): boolean =>
  all === 'all' || (some !== 'all' && some.every((id) => all.includes(id)));

/** What a `queryMetadata` of the bridge opens (`queryMetadataOf`), or `undefined` for one of another form. */
function openedBy(queryMetadata: unknown): { bases: ReadonlyMap<string, Base>; labels: unknown } | undefined {
  if (!isObject(queryMetadata) || !Array.isArray(queryMetadata['knowledge_bases'])) return undefined;
  const bases = new Map<string, Base>();
  for (const one of queryMetadata['knowledge_bases'] as unknown[]) {
    if (!isObject(one) || typeof one['knowledge_base_id'] !== 'string') return undefined;
    const [files, faqs] = [idsOf(one['chatbot_file_ids']), idsOf(one['faq_ids'])];
    if (!files || !faqs || bases.has(one['knowledge_base_id'])) return undefined;
    bases.set(one['knowledge_base_id'], { files, faqs });
  }
  return { bases, labels: queryMetadata['label_relations'] };
}

function idsOf(ids: unknown): Ids | undefined {
  if (ids === undefined) return 'all';
  return Array.isArray(ids) && ids.every((id) => typeof id === 'string') ? ids : undefined;
}

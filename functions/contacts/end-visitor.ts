import { recordChange, type ChangeOf } from './record-change.ts';
import type { Deps } from './outcome.ts';
import type { ContactPolicy } from '../rules/contacts/desired.ts';
import type { Link } from '../rules/contacts/link.ts';
import { leavesWith } from '../rules/erasure/erasure.ts';
import { linkKey, subjectOf } from '../rules/contacts/subject.ts';
import { timeVersion } from '../rules/contacts/version.ts';

/** The source that says that a visitor is over: the bridge itself. */
const RETENTION = 'retention';

type EndDeps = Pick<Deps, 'links' | 'clock'>;

/** Deletes a visitor: from now on its token is refused, and `sync` erases its contact like a user's. One who came back meanwhile stays. */
export const endVisitor = ({ pk, seenOn }: Link, policy: ContactPolicy, deps: EndDeps): Promise<void> =>
  endWhere(pk, (now) => isActive(now) && now.seenOn === seenOn, policy, deps);

const isActive = ({ accountStatus }: Link): boolean => accountStatus === 'active';

async function endWhere(pk: string, isOver: (now: Link) => boolean, policy: ContactPolicy, deps: EndDeps) {
  const end = { source: RETENTION, kind: 'delete', version: timeVersion(deps.clock.now()) } as const;
  const tell: ChangeOf = (now) => (now && isOver(now) ? end : undefined);
  await recordChange(subjectOf(pk), tell, policy, deps.links);
}

/** Makes the visitor the user who signed in. One for whom the user's row has no room ends instead, because no erasure would find it. */
export async function promote(visitorId: string, userId: string, policy: ContactPolicy, deps: EndDeps): Promise<void> {
  const pk = linkKey({ kind: 'visitor', visitorId });
  // A process that dies in between answers nobody, so that the token comes again.
  if (!(await deps.links.promote(visitorId, userId)))
    await endWhere(pk, (now) => isActive(now) && now.promotedTo === undefined, policy, deps);
}

/** Deletes the visitors who became somebody that is being erased; once more whoever was deleted before and left a contact that may be there. */
export async function endVisitors(link: Link, policy: ContactPolicy, deps: EndDeps): Promise<void> {
  const { erasing, visitors = [] } = link;
  if (erasing === undefined) return;
  const isLeft = (visitor: Link): boolean =>
    isActive(visitor) ||
    ((visitor.erasing ?? visitor.erasedRecords?.since ?? erasing) < erasing &&
      visitor.erasedContacts?.some(({ how }) => how !== 'deleted') === true);
  for (const visitorId of visitors) {
    const visitor = await deps.links.read(linkKey({ kind: 'visitor', visitorId }));
    if (visitor && leavesWith(visitor, link) && isLeft(visitor)) await endWhere(visitor.pk, isLeft, policy, deps);
  }
}

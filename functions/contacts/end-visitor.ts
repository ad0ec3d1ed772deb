import { recordChange } from './record-change.ts';
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
export async function endVisitor(link: Link, policy: ContactPolicy, { links, clock }: EndDeps): Promise<void> {
  const end = { source: RETENTION, kind: 'delete', version: timeVersion(clock.now()) } as const;
  await recordChange(
    subjectOf(link.pk),
    (now) => (now?.accountStatus === 'active' && now.seenOn === link.seenOn ? end : undefined),
    policy,
    links,
  );
}

/** Deletes the visitors who became somebody that is being erased. */
export async function endVisitors(link: Link, policy: ContactPolicy, deps: EndDeps): Promise<void> {
  if (link.erasing === undefined) return;
  for (const visitorId of link.visitors ?? []) {
    const visitor = await deps.links.read(linkKey({ kind: 'visitor', visitorId }));
    if (visitor?.accountStatus === 'active' && leavesWith(visitor, link)) await endVisitor(visitor, policy, deps);
  }
}

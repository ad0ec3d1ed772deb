import { randomUUID } from 'node:crypto';
import type { Intake, Receipt } from './io/intake.ts';
import type { LinkTable } from './io/link-table.ts';
import { Unavailable } from './rules/failure.ts';
import { draft } from './rules/link.ts';
import type { Change } from './rules/said.ts';
import { linkKey } from './rules/subject.ts';
import type { ContactPolicy } from './rules/wanted.ts';

/** Writers that collide on one row read it again; so often in a row means that something else is wrong. */
const ROUNDS_MAX = 20;

/** Commits one change of one user with its receipt; answered only after the commit, so that accepted means kept. */
export async function hearChange(
  receipt: Receipt,
  userId: string,
  change: Change,
  policy: ContactPolicy,
  { links, intake }: { readonly links: LinkTable; readonly intake: Intake },
): Promise<'accepted' | 'repeated' | 'conflicting'> {
  const subject = { kind: 'user', userId } as const;
  const pk = linkKey(subject);
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const link = await links.read(pk);
    const next = draft(subject, link, change, policy);
    const accepted = await intake.accept(receipt, pk, link, next.isNews ? next : undefined, randomUUID());
    if (accepted !== 'moved') return accepted;
  }
  throw new Unavailable('link_contended');
}

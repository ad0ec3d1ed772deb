import type { Bridge } from '../bridge.ts';
import { contactOf } from '../tour.ts';

/** The bridge answers at once and brings the contact about after that; nobody waits longer than this. */
const SETTLED_MS_MAX = 15_000;

/** The link once nothing is outstanding, and the contact as MaiAgent has it. */
export async function whatBecame(bridge: Bridge, userId: string): Promise<string> {
  const headers = {
    authorization: `Bearer ${await bridge.token('rehearsal', { scope: 'contacts.read' })}`,
    'user-id': encodeURIComponent(userId),
  };
  for (const untilMs = Date.now() + SETTLED_MS_MAX; ;) {
    const response = await fetch(`${bridge.url}/v1/users/-`, { headers });
    if (response.status === 404) return 'no link';
    const link = (await response.json()) as {
      accountStatus: string;
      contactId: string | null;
      outstanding: { work: readonly string[] } | null;
    };
    // The records of somebody who was deleted are gone through minutes later.
    const isBusy = link.outstanding?.work.some((one) => one !== 'erase_records') ?? false;
    if (isBusy && Date.now() < untilMs) {
      await new Promise((settle) => setTimeout(settle, 100));
      continue;
    }
    if (link.contactId === null) return `link ${link.accountStatus}, no contact id is handed out`;
    const { name, queryMetadata } = (await contactOf(bridge, link.contactId)) as {
      name: string;
      queryMetadata: { knowledge_bases: unknown[] };
    };
    return `link ${link.accountStatus}, contact "${name}" with ${queryMetadata.knowledge_bases.length} knowledge bases`;
  }
}

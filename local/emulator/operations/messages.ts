import type { ConversationRow, MessageRow } from '../state/rows.ts';
import type { World } from '../state/world.ts';
import type { ApiRequest, Reply } from '../exchange.ts';
import { linkTo, pageSizeOf } from '../page.ts';
import { cased, messageOut } from '../wire.ts';

/** Where a page begins or ends: beside one message, which is not on it. */
interface Cursor {
  beside: string;
  direction: 'older' | 'newer';
}

/** `GET messages/?conversation=`: a page, newest first, by cursor, without a count; empty for an unknown conversation; 404 for a foreign cursor. */
export function listMessages(world: World, request: ApiRequest): Reply {
  const conversation = world.store.conversation(request.query.get('conversation') ?? '');
  const rows = newestFirst(conversation);
  const window = windowOf(rows, request.query.get('cursor'), pageSizeOf(world, request.query));
  // Django REST Framework's own refusal.
  if (window === undefined) return { status: 404, body: { detail: 'Invalid cursor' } };
  const results = rows.slice(window.from, window.to).map((row) => listed(world, conversation, row));
  const link = (row: MessageRow | undefined, direction: Cursor['direction']) =>
    row === undefined ? null : linkTo(world, request.url, { cursor: encode({ beside: row.id, direction }) });
  return {
    status: 200,
    body: {
      next: window.to < rows.length ? link(rows[window.to - 1], 'older') : null,
      previous: window.from > 0 ? link(rows[window.from], 'newer') : null,
      results: world.switches.resultsShape === 'nested' ? [results] : results,
    },
  };
}

function newestFirst(conversation: ConversationRow | undefined): MessageRow[] {
  return (conversation?.messages ?? []).toReversed().toSorted((a, b) => b.createdAt - a.createdAt);
}

function windowOf(rows: MessageRow[], text: string | null, size: number): { from: number; to: number } | undefined {
  if (text === null || text === '') return { from: 0, to: Math.min(size, rows.length) };
  const cursor = decode(text);
  const index = rows.findIndex(({ id }) => id === cursor?.beside);
  if (cursor === undefined || index < 0) return undefined;
  return cursor.direction === 'older'
    ? { from: index + 1, to: Math.min(index + 1 + size, rows.length) }
    : { from: Math.max(0, index - size), to: index };
}

function encode({ beside, direction }: Cursor): string {
  return Buffer.from(`${direction}=${beside}`).toString('base64');
}

function decode(text: string): Cursor | undefined {
  const [, direction, beside] = /^(older|newer)=(.+)$/.exec(Buffer.from(text, 'base64').toString('utf8')) ?? [];
  if (beside === undefined || (direction !== 'older' && direction !== 'newer')) return undefined;
  return { beside, direction };
}

/** The documented sample has a sender with a number, which is no contact's id; which numbers there are is the emulator's choice. */
function listed({ store, switches }: World, conversation: ConversationRow | undefined, row: MessageRow): unknown {
  const contact = conversation && store.row(conversation.contactId);
  const sender =
    row.type === 'incoming'
      ? { id: 2, name: contact?.name ?? '', avatar: contact?.avatar ?? '' }
      : { id: 1, name: 'Assistant', avatar: '' };
  return {
    ...messageOut(switches, row),
    ...cased(switches.responseCase, { conversation: conversation?.id, sender, attachments: [], citations: [] }),
  };
}

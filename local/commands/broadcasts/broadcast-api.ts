import type { Access } from '../api/access.ts';
import { ask, type Question } from '../api/ask.ts';
import type { Broadcast, BroadcastPage, OperationId, Preview, RecipientPage } from '../bridge-operations.ts';
import type { BroadcastRequest } from './request.ts';

/** The routes of broadcasts. Each throws `CommandError` for an answer that is not the one asked for, and `NoAnswerError` for none. */
export interface BroadcastApi {
  preview(request: BroadcastRequest): Promise<Preview>;
  /** `isNew` is false where the same request was accepted under this key before. */
  create(request: BroadcastRequest, key: string): Promise<{ readonly broadcast: Broadcast; readonly isNew: boolean }>;
  list(from?: string): Promise<BroadcastPage>;
  show(broadcastId: string, signal?: AbortSignal): Promise<Broadcast>;
  cancel(broadcastId: string): Promise<Broadcast>;
  /** Without `run` those of the newest run. */
  recipients(broadcastId: string, run?: string, from?: string): Promise<RecipientPage>;
}

const advice = {
  byCode: {
    audience_changed: 'nothing was sent; give the command again to see whom it reaches now',
    broadcast_conflicting: 'nothing was sent now, but this --key was used before; look at broadcast list first',
    not_found: 'there is no such broadcast, or no such run of it',
  },
  needs: 'broadcasts.read, and to send broadcasts.write and contacts.read',
};

/** The API that this access leads to. */
export function broadcastApi(access: Access): BroadcastApi {
  const asked = <Id extends OperationId>(id: Id, question: Question) => ask(access, id, question, advice);
  return {
    preview: async (body) => (await asked('previewBroadcast', { body })).body,
    create: async (body, key) => {
      const answer = await asked('createBroadcast', { body, headers: { 'idempotency-key': key } });
      return { broadcast: answer.body, isNew: answer.status === 201 };
    },
    list: async (from) => (await asked('listBroadcasts', { query: { from } })).body,
    show: async (broadcastId, signal) => (await asked('getBroadcast', { path: { broadcastId }, signal })).body,
    cancel: async (broadcastId) => (await asked('cancelBroadcast', { path: { broadcastId }, body: {} })).body,
    recipients: async (broadcastId, run, from) =>
      (await asked('listRecipients', { path: { broadcastId }, query: { run, from } })).body,
  };
}

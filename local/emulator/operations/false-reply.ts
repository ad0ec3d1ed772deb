import type { Call } from '../state/calls.ts';
import type { FaultRule } from '../state/faults.ts';
import type { ContactRow } from '../state/rows.ts';
import type { World } from '../state/world.ts';
import { isObject, type Reply } from '../exchange.ts';
import { contactOut } from '../wire.ts';

/**
 * A reply that shows another contact than the request was about, or hides whose it is. `truth` is the reply as it should be,
 * `undefined` where nothing was done; a refusal stays what it is, and so does a reply for which there is no other contact.
 */
export function falseReply(
  world: World,
  call: Call,
  idInPath: string,
  { shows = 'another', sourceId: shownSourceId = 'null' }: FaultRule,
  truth: Reply | undefined,
): Reply {
  if (truth !== undefined && truth.status >= 300) return truth;
  const own = world.store.row(idInPath === '' ? idIn(truth) : idInPath);
  const shown = shows === 'own' ? own : oneOf(world, shows, own, call.seq);
  if (shown === undefined) return truth ?? { status: 404, body: { detail: 'Not found.' } };
  const asked = isObject(call.body) ? (call.body['sourceId'] ?? call.body['source_id']) : undefined;
  const ours = asked ?? own?.sourceId ?? null;
  const values = { null: null, absent: undefined, theirs: shown.sourceId, ours };
  const body = contactOut(world, shown);
  const name = world.switches.responseCase === 'camel' ? 'sourceId' : 'source_id';
  // What is undefined is not in the JSON.
  return { status: truth?.status ?? (idInPath === '' ? 201 : 200), body: { ...body, [name]: values[shownSourceId] } };
}

/** Another contact: any one, but the same one for the same call. */
function oneOf({ store }: World, shows: 'another' | 'deleted', own: ContactRow | undefined, seq: number) {
  const rows = store.contacts.filter((row) => row !== own && (row.deletedAt !== null) === (shows === 'deleted'));
  return rows[seq % rows.length];
}

const idIn = (reply: Reply | undefined): string => (isObject(reply?.body) ? String(reply.body['id']) : '');

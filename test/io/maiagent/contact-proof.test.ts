import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { answerJson, apiFor, desiredContact, inboxId, otherInboxId, Recorder, soon } from './api-rig.ts';

const id = '0e0f6f0a-55a5-4c1b-8a55-3a3f3c6f2b11';
const otherId = '0e0f6f0a-55a5-4c1b-8a55-3a3f3c6f2b12';
const inboxes = [{ id: inboxId.toUpperCase() }];
const ours = { id, sourceId: 'emp-1', inboxes };

const camelCase = {
  knowledgeBases: [{ knowledgeBaseId: 'c0a80101-0000-4000-8000-000000000001', hasUserSelectedAll: true }],
};

const maiAgent = new Recorder();
beforeAll(() => maiAgent.start());
afterAll(() => maiAgent.stop());
beforeEach(() => {
  maiAgent.seen.length = 0;
});

/** The POST is answered with the one, any read with the other. */
function answers(created: unknown, shown: { status: number; body: unknown }): void {
  maiAgent.answer = (request, response) => {
    const [status, body] = request.method === 'POST' ? [201, created] : [shown.status, shown.body];
    answerJson(status, body)(request, response);
  };
}
const create = () => apiFor(maiAgent.origin).create('emp-1', desiredContact, soon());
const methods = () => maiAgent.seen.map(({ method }) => method);

describe('a create', () => {
  it.each<[string, unknown]>([
    ['in camelCase', ours],
    ['in snake_case, with the older single inbox', { id, source_id: 'emp-1', inbox: inboxId }],
  ])('is done by one call where its reply shows our sourceId in our inbox, %s', async (_, body) => {
    answers(body, { status: 500, body: '' });
    expect(await create()).toEqual({ kind: 'done', value: id });
    expect(methods()).toEqual(['POST']);
  });

  const proofless: [string, unknown][] = [
    ['the sourceId null, as the published sample does', { ...ours, sourceId: null }],
    ['the id alone', { id }],
    ['no inbox', { id, sourceId: 'emp-1' }],
    ['another inbox', { ...ours, inboxes: [{ id: otherInboxId }] }],
    ['an inbox that cannot be read', { ...ours, inboxes: [{ uuid: inboxId }] }],
    ["another one's sourceId", { ...ours, sourceId: 'emp-2' }],
    ['our sourceId in other letters', { ...ours, sourceId: 'EMP-1' }],
  ];

  it.each(proofless)('is done by a read of that contact where its reply has %s', async (_, body) => {
    answers(body, { status: 200, body: ours });
    expect(await create()).toEqual({ kind: 'done', value: id });
    expect(methods()).toEqual(['POST', 'GET']);
    expect(maiAgent.seen[1]?.url).toBe(`/api/v1/contacts/${id}/`);
  });

  it.each([
    ["another one's sourceId", 200, { ...ours, sourceId: 'emp-2' }],
    ['no sourceId', 200, { id, inboxes }],
    ['the sourceId null', 200, { ...ours, sourceId: null }],
    ['another inbox', 200, { ...ours, inboxes: [{ id: otherInboxId }] }],
    ['another contact', 200, { ...ours, id: otherId }],
    ['nothing, because it was deleted', 404, { detail: 'Not found.' }],
    ['an error', 500, ''],
  ])('is unknown where neither its reply nor the read proves it: the read shows %s', async (_, status, body) => {
    answers({ id, sourceId: null }, { status, body });
    expect(await create()).toEqual({ kind: 'unknown' });
    expect(methods()).toEqual(['POST', 'GET']);
  });

  it.each<[string, unknown]>([
    ['no id', {}],
    ['an id that is no UUID', { ...ours, id: '7' }],
    ['a list', [ours]],
  ])('is unknown at once where the reply has %s', async (_, body) => {
    answers(body, { status: 200, body: ours });
    expect(await create()).toEqual({ kind: 'unknown' });
    expect(methods()).toEqual(['POST']);
  });

  it('is made once, whatever becomes of it', async () => {
    maiAgent.answer = (request) => void request.socket.resetAndDestroy();
    expect(await create()).toEqual({ kind: 'unknown' });
    expect(maiAgent.seen).toHaveLength(1);
  });
});

describe('a retrieve', () => {
  it('is unknown where its reply shows another contact', async () => {
    maiAgent.answer = answerJson(200, { ...ours, id: otherId });
    expect(await apiFor(maiAgent.origin).retrieve(id, soon())).toEqual({ kind: 'unknown' });
  });

  it('takes an id in either case of letters', async () => {
    maiAgent.answer = answerJson(200, { ...ours, id: id.toUpperCase() });
    expect(await apiFor(maiAgent.origin).retrieve(id.toUpperCase(), soon())).toMatchObject({ kind: 'done' });
  });
});

describe.each(['update', 'replace'] as const)('an %s', (operation) => {
  const change = () => {
    const api = apiFor(maiAgent.origin);
    return operation === 'update'
      ? api.update(id, desiredContact, soon())
      : api.replace(id, 'emp-1', desiredContact, soon());
  };

  it.each<[string, unknown]>([
    ['the contact', ours],
    ['the contact in other letters', { ...ours, id: id.toUpperCase() }],
    ['the contact without a sourceId', { id, sourceId: null }],
    ['the permissions that were sent', { ...ours, queryMetadata: desiredContact.queryMetadata }],
    ['the same in other spellings', { ...ours, query_metadata: camelCase }],
    ['permissions null, as the published sample does', { ...ours, queryMetadata: null }],
    ['a bare text for permissions, as another sample does', { ...ours, queryMetadata: 'any' }],
    ['a confirmation', { detail: 'Updated.' }],
    ['a text', 'Updated.'],
  ])('is done where its reply has %s', async (_, body) => {
    maiAgent.answer = answerJson(200, body);
    expect(await change()).toEqual({ kind: 'done', value: 'updated' });
  });

  it.each(['', '<html></html>', '{"id":'])('is done where its reply is no JSON: %j', async (text) => {
    maiAgent.answer = (_, response) => void response.writeHead(200).end(text);
    expect(await change()).toEqual({ kind: 'done', value: 'updated' });
  });

  it.each<[string, unknown]>([
    ['another contact', { ...ours, id: otherId }],
    ['no permission', { ...ours, queryMetadata: {} }],
    ['the permissions of before', { ...ours, queryMetadata: { knowledge_bases: [] } }],
    ['the permissions of before as a text', { ...ours, query_metadata: '{"knowledge_bases":[]}' }],
  ])('is unknown where its reply shows %s, so that nothing is confirmed by it', async (_, body) => {
    maiAgent.answer = answerJson(200, body);
    expect(await change()).toEqual({ kind: 'unknown' });
  });
});

import type { RequestListener } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../functions/io/clock.ts';
import { HttpContactApi } from '../../../functions/io/maiagent/contact-api.ts';
import type { HttpRequest } from '../../../functions/io/https.ts';
import { cachedSecret, type Secret } from '../../../functions/io/aws/secrets.ts';
import type { Transport } from '../../../functions/rules/maiagent/outcome.ts';
import { answerJson, apiFor, apiKey, inboxId, keyOf, Recorder, soon, desiredContact } from './api-rig.ts';

const id = '0e0f6f0a-55a5-4c1b-8a55-3a3f3c6f2b11';

const maiAgent = new Recorder();
const stranger = new Recorder();
beforeAll(async () => {
  await maiAgent.start();
  await stranger.start();
});
afterAll(() => {
  maiAgent.stop();
  stranger.stop();
});
beforeEach(() => {
  maiAgent.seen.length = 0;
  stranger.seen.length = 0;
});

describe('the API key', () => {
  it('goes to the configured origin as an Api-Key', async () => {
    maiAgent.answer = answerJson(200, { id, name: 'Sample Member' });
    await apiFor(maiAgent.origin).retrieve(id, soon());
    expect(maiAgent.seen).toMatchObject([
      { method: 'GET', url: `/api/v1/contacts/${id}/`, headers: { authorization: `Api-Key ${apiKey}` } },
    ]);
  });

  it('goes nowhere that a next link points to', async () => {
    let page = 0;
    maiAgent.answer = (_, response) => {
      page += 1;
      const next =
        page === 1 ? `${stranger.origin}/api/v1/accounts/?page=2&pageSize=100&query=everybody&inboxes=all` : null;
      response.end(JSON.stringify({ count: 0, next, results: [] }));
    };
    expect(await apiFor(maiAgent.origin).search('emp-1', soon())).toEqual({ kind: 'none' });
    expect(stranger.seen).toEqual([]);
    const [, second] = maiAgent.seen;
    expect(second?.url).toBe(`/api/v1/contacts/?inboxes=${inboxId}&query=emp-1&page=2&pageSize=100`);
  });

  it.each([301, 302, 303, 307, 308])('goes nowhere that a %i points to', async (status) => {
    maiAgent.answer = (_, response) =>
      void response.writeHead(status, { location: `${stranger.origin}/api/v1/contacts/` }).end();
    const api = apiFor(maiAgent.origin);
    expect(await api.search('emp-1', soon())).toMatchObject({ kind: 'inconclusive' });
    expect(await api.create('emp-1', desiredContact, soon())).toEqual({ kind: 'unknown' });
    expect(await api.remove(id, soon())).toEqual({ kind: 'unknown' });
    expect(stranger.seen).toEqual([]);
    expect(maiAgent.seen.map(({ method }) => method)).toEqual(['GET', 'POST', 'DELETE']);
  });

  it('goes nowhere that a contact id could lead to', async () => {
    const api = apiFor(maiAgent.origin);
    for (const id of ['..', '.', '', '../../admin/?x=//evil.example#', '%2e%2e', 'broadcast-message']) {
      await expect(api.retrieve(id, soon())).rejects.toThrow('UUID');
      await expect(api.update(id, desiredContact, soon())).rejects.toThrow('UUID');
      await expect(api.replace(id, 'emp-1', desiredContact, soon())).rejects.toThrow('UUID');
      await expect(api.remove(id, soon())).rejects.toThrow('UUID');
      await expect(api.conversations(id, {}, soon())).rejects.toThrow('UUID');
      await expect(api.latestConversation(id, soon())).rejects.toThrow('UUID');
    }
    expect(maiAgent.seen).toEqual([]);
  });

  it.each(['', 'key with spaces', 'key\r\nx-injected: 1', 'ключ', 'x'.repeat(513)])(
    'that cannot stand in a header (%j) is refused before anything is sent',
    async (key) => {
      expect(await apiFor(maiAgent.origin, {}, keyOf(key)).retrieve(id, soon())).toMatchObject({
        kind: 'refused',
        status: 401,
      });
      expect(maiAgent.seen).toEqual([]);
    },
  );
});

describe('a key that MaiAgent does not take', () => {
  const good = 'newKey';
  const ours = { id, sourceId: 'emp-1', inboxes: [{ id: inboxId }] };
  let refusal = 401;
  const letIn: RequestListener = (request, response) => {
    const isGood = request.headers.authorization === `Api-Key ${good}`;
    answerJson(isGood ? 200 : refusal, isGood ? ours : { detail: 'Authentication credentials were not provided.' })(
      request,
      response,
    );
  };

  /** A key that was changed in the store after it had been read. */
  async function rotated(to: string): Promise<{ secret: Secret; asked: () => number }> {
    let [value, asked, nowMs] = ['oldKey', 0, 1_000_000];
    const fetchNow = (): Promise<string> => {
      asked += 1;
      return Promise.resolve(value);
    };
    const secret = cachedSecret(fetchNow, () => nowMs);
    await secret.read();
    [value, nowMs] = [to, nowMs + 60_000];
    return { secret, asked: () => asked };
  }

  it.each([403, 401])('is read again after a %d, and the call is made once more', async (status) => {
    refusal = status;
    maiAgent.answer = letIn;
    const { secret } = await rotated(good);
    expect(await apiFor(maiAgent.origin, {}, secret).retrieve(id, soon())).toMatchObject({ kind: 'done' });
    expect(maiAgent.seen.map(({ headers }) => headers.authorization)).toEqual(['Api-Key oldKey', `Api-Key ${good}`]);
  });

  it('is read again once for many calls at the same time, and all of them succeed', async () => {
    maiAgent.answer = letIn;
    const { secret, asked } = await rotated(good);
    const api = apiFor(maiAgent.origin, {}, secret);
    const outcomes = await Promise.all(Array.from({ length: 10 }, () => api.create('emp-1', desiredContact, soon())));
    expect(outcomes.every(({ kind }) => kind === 'done')).toBe(true);
    expect(asked()).toBe(2);
  });

  it('is not tried again where the store has no other', async () => {
    maiAgent.answer = letIn;
    const { secret } = await rotated('oldKey');
    expect(await apiFor(maiAgent.origin, {}, secret).retrieve(id, soon())).toMatchObject({
      kind: 'refused',
      status: 401,
    });
    expect(maiAgent.seen).toHaveLength(1);
  });

  it('is tried again only once where the other is not taken either', async () => {
    maiAgent.answer = letIn;
    const { secret } = await rotated('anotherWrongKey');
    expect(await apiFor(maiAgent.origin, {}, secret).retrieve(id, soon())).toMatchObject({
      kind: 'refused',
      status: 401,
    });
    expect(maiAgent.seen).toHaveLength(2);
  });
});

describe('the deadline of a call', () => {
  /** A clock by which a test decides how much time is left, and a sender that keeps what it was to send. */
  function timed(keyTakesMs = 0) {
    const state = { elapsedMs: 0, sent: [] as HttpRequest[], reply: { status: 200, body: '[]' } };
    const send = (request: HttpRequest): Promise<Transport> => {
      if (request.timeoutMs <= 0) return Promise.resolve({ kind: 'not-sent' });
      state.sent.push(request);
      state.elapsedMs += 400;
      const body = state.reply.body.replace('page=next', `page=${state.sent.length + 1}`);
      return Promise.resolve({ kind: 'reply', headers: {}, ...state.reply, body });
    };
    const fetchNow = (): Promise<string> => {
      state.elapsedMs += keyTakesMs;
      return Promise.resolve('sampleKey');
    };
    const clock = { ...systemClock, elapsed: () => state.elapsedMs };
    const where = { origin: 'https://api.maiagent.ai', prefix: '/api/v1', inboxId, clearWith: 'empty' } as const;
    return {
      state,
      api: new HttpContactApi(
        where,
        cachedSecret(fetchNow, () => 0),
        send,
        clock,
      ),
    };
  }

  it('is what is left of it, and at most ten seconds, or a minute for a broadcast', async () => {
    const { state, api } = timed();
    await api.search('emp-1', 3_000);
    await api.search('emp-1', 100_000);
    await api.broadcast('Sample message', [id], 100_000);
    expect(state.sent.map(({ timeoutMs }) => timeoutMs)).toEqual([3_000, 10_000, 60_000]);
  });

  it('has passed where it took too long to read the key: nothing is sent', async () => {
    const { state, api } = timed(1_000);
    expect(await api.create('emp-1', desiredContact, 1_000)).toEqual({
      kind: 'refused',
      status: undefined,
      retryAfterMs: undefined,
      fields: [],
    });
    expect(state.sent).toEqual([]);
  });

  it('is checked before every page of a search', async () => {
    const { state, api } = timed();
    state.reply = {
      status: 200,
      body: JSON.stringify({ count: 1000, next: 'https://api.maiagent.ai/?page=next', results: [] }),
    };
    expect(await api.search('emp-1', 1_000)).toMatchObject({
      kind: 'inconclusive',
      failure: { kind: 'refused', status: undefined },
    });
    expect(state.sent.map(({ timeoutMs }) => timeoutMs)).toEqual([1_000, 600, 200]);
  });

  it('holds over real connections: a call past it reaches nobody', async () => {
    expect(await apiFor(maiAgent.origin).create('emp-1', desiredContact, soon(-1))).toMatchObject({
      kind: 'refused',
      status: undefined,
    });
    expect(maiAgent.seen).toEqual([]);
  });

  it('ends a call in the middle, whose outcome is then unknown', async () => {
    maiAgent.answer = () => undefined;
    expect(await apiFor(maiAgent.origin).create('emp-1', desiredContact, soon(150))).toEqual({ kind: 'unknown' });
  });
});

describe('a search', () => {
  it('reads 500 pages at most, and then cannot tell', async () => {
    maiAgent.answer = (request, response) => {
      const page = Number(new URL(request.url ?? '', maiAgent.origin).searchParams.get('page'));
      answerJson(200, { count: 1, next: `/?page=${page + 1}`, results: [] })(request, response);
    };
    expect(await apiFor(maiAgent.origin).search('emp-1', soon(60_000))).toEqual({ kind: 'inconclusive' });
    expect(maiAgent.seen).toHaveLength(500);
  });

  it('goes to no page a second time, and then cannot tell', async () => {
    maiAgent.answer = answerJson(200, { count: 1, next: '/?page=2', results: [] });
    expect(await apiFor(maiAgent.origin).search('emp-1', soon())).toEqual({ kind: 'inconclusive' });
    expect(maiAgent.seen).toHaveLength(2);
  });

  it('ends at the page that shows the contact, but for a search for all of them', async () => {
    const results = [{ id, sourceId: 'emp-1', inboxes: [{ id: inboxId }] }];
    maiAgent.answer = (request, response) => {
      const isFirst = new URL(request.url ?? '', maiAgent.origin).searchParams.get('page') === '1';
      answerJson(200, { count: 1, next: isFirst ? '/?page=2' : null, results: isFirst ? results : [] })(
        request,
        response,
      );
    };
    expect(await apiFor(maiAgent.origin).search('emp-1', soon())).toMatchObject({ kind: 'found', contact: { id } });
    expect(maiAgent.seen).toHaveLength(1);
    expect(await apiFor(maiAgent.origin).search('emp-1', soon(), 'all')).toMatchObject({ kind: 'found', extraIds: [] });
    expect(maiAgent.seen).toHaveLength(3);
  });

  it('cannot tell where a later page fails, and says why', async () => {
    maiAgent.answer = (request, response) => {
      const isFirst = new URL(request.url ?? '', maiAgent.origin).searchParams.get('page') === '1';
      answerJson(isFirst ? 200 : 403, { count: 200, next: '/?page=2', results: [] })(request, response);
    };
    expect(await apiFor(maiAgent.origin).search('emp-1', soon())).toMatchObject({
      kind: 'inconclusive',
      failure: { status: 403 },
    });
  });

  it('finds our inbox however its id is capitalised in the configuration', async () => {
    maiAgent.answer = answerJson(200, {
      count: 1,
      next: null,
      results: [{ id, sourceId: 'emp-1', inboxes: [{ id: inboxId }] }],
    });
    const api = apiFor(maiAgent.origin, { inboxId: inboxId.toUpperCase() });
    expect(await api.search('emp-1', soon())).toMatchObject({ kind: 'found', contact: { id } });
  });

  it('cannot tell where a contact with our sourceId has an inbox that cannot be read', async () => {
    maiAgent.answer = answerJson(200, {
      count: 1,
      next: null,
      results: [{ id, sourceId: 'emp-1', inboxes: [{ uuid: inboxId }] }],
    });
    expect(await apiFor(maiAgent.origin).search('emp-1', soon())).toEqual({ kind: 'inconclusive' });
  });
});

describe('the latest conversation', () => {
  it.each(['<html>Not Found</html>', '[]', '{}', '"x"'])(
    'is not "none" where the 404 has the body %s',
    async (body) => {
      maiAgent.answer = (_, response) => void response.writeHead(404).end(body);
      expect(await apiFor(maiAgent.origin).latestConversation(id, soon())).toMatchObject({
        kind: 'refused',
        status: 404,
      });
    },
  );
});

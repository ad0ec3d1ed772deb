const { MAIAGENT_BASE_URL: base, MAIAGENT_INBOX_ID: inbox } = process.env;
const headers = { authorization: 'Api-Key sample', 'content-type': 'application/json' };

/** The way of MaiAgent's own documents, without a store: each visit looks for the contact and writes it again, by two remote calls. */
export async function handler(event: { readonly body?: string; readonly key: string }) {
  JSON.parse(event.body ?? '{}');
  const found = await fetch(`${base}/api/v1/contacts/?inbox=${inbox}&query=${event.key}`, { headers });
  const { results } = (await found.json()) as { results: { id: string }[] };
  const id = results[0]?.id;
  const body = JSON.stringify({ name: 'Sample Member', sourceId: event.key });
  await (await fetch(`${base}/api/v1/contacts/${id}/`, { method: 'PATCH', headers, body })).json();
  return { statusCode: 200, body: JSON.stringify({ contactId: id }) };
}

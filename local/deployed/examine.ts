import { beforeDeployment, bad, good, looked, type Checked, type Finding } from '../../infra/before-deployment.ts';
import { jobNames } from '../../infra/bundle.ts';
import { isDisposable, stackNameOf, type Stage } from '../../infra/config.ts';
import type { Standing } from '../../infra/account.ts';
import { parsedJson } from '../http/body.ts';
import type { Patient } from './patient.ts';

/**
 * Looks at everything that a person would otherwise find out one by one: before a deployment the account and the issuer, after it the
 * secrets, the API and the alarms, and MaiAgent where there is a key to ask it with. Writes nothing, and shows no secret.
 */
export async function examine(
  stage: Stage,
  patient: Patient,
  givenKey: string | undefined,
  isSmoke = false,
): Promise<Finding[]> {
  const stack = await patient.stack(stackNameOf(stage)).catch(() => undefined);
  const stands = stack !== undefined && /^(CREATE|UPDATE|UPDATE_ROLLBACK)_COMPLETE$/.test(stack.status);
  const deployed = stands ? await deployedKey(stack, patient) : undefined;
  // The given key may be the next to be set, or left from the look before the deployment: neither of two says anything of the other.
  // After a deployment none of this matters: it is well or not whatever the shell has.
  const given = isSmoke ? undefined : givenKey?.trim();
  const other = deployed && given !== deployed ? given : undefined;
  const asked = async (key: string | undefined, whose: string): Promise<Finding[]> =>
    (await looked(atMaiAgent(stage, key, patient))).map((one) => ({ ...one, check: `${one.check}${whose}` }));
  return [
    ...(await beforeDeployment(stage, patient)),
    ...(stands ? await looked(afterDeployment(stage, stack, patient)) : []),
    ...(await asked(deployed || given, other ? ' (deployed)' : '')),
    ...(other ? await asked(other, ' (MAIAGENT_API_KEY)') : []),
  ];
}

/** MaiAgent's key as the functions have it; undefined where it is not set, or may not be read. */
export const deployedKey = (stack: Standing, patient: Patient): Promise<string | undefined> =>
  secretOf(stack, 'SetApiKeyCommand', patient).then(
    (key) => key?.trim(),
    () => undefined,
  );

/** The outputs hold the commands that set secrets, and these hold the secrets' ARNs. */
export async function secretOf({ outputs }: Standing, output: string, patient: Patient): Promise<string | undefined> {
  const arn = /--secret-id (\S+)/.exec(outputs[output] ?? '')?.[1];
  return arn === undefined ? undefined : patient.secret(arn);
}

function afterDeployment(stage: Stage, stack: Standing, patient: Patient): Record<string, () => Promise<Checked>> {
  const alarms = patient.alarms(`${stackNameOf(stage)}-`).then((all) => all.filter(({ name }) => isOwn(name, stage)));
  return {
    api: async () => {
      const url = `${stack.outputs['ApiUrl']}/v1/health`;
      const answer = await patient.read(url);
      if (!answer)
        return bad(`${url} does not answer${stage.domain ? ': does the DNS record point at DomainTarget?' : ''}`);
      return answer.status === 200 ? good(url) : bad(`${url} answers ${answer.status}: look into the log of identify`);
    },
    'api-key': async () => {
      const key = await secretOf(stack, 'SetApiKeyCommand', patient);
      if (!key?.trim()) return bad('MaiAgent’s API key is not set: run the command of output SetApiKeyCommand');
      return key === key.trim() ? good('is set') : bad('has blanks or line ends around it: set it again');
    },
    'source-secrets': async () => sourceSecrets(stage, await secretOf(stack, 'SetSourceSecretsCommand', patient)),
    alarms: async () => {
      const all = await alarms;
      const on = all.filter(({ state }) => state === 'ALARM').map(({ name }) => name);
      if (all.length === 0) return bad('there are none: deploy again');
      if (on.length > 0) return bad(`${on.join(', ')}: docs/operations.md says under each name what to do`);
      return good(`${all.length}, all quiet`);
    },
    sweeps: async () => {
      const oldest = (await alarms).find(({ name }) => name === 'OldestDue');
      if (oldest?.state === 'INSUFFICIENT_DATA')
        return bad('no sweep has reported yet: wait ten minutes, then look into the log of sync');
      return oldest?.state === 'OK'
        ? good('run')
        : bad('do not run, or work is left undone: docs/operations.md, OldestDue');
    },
    readers: async () => {
      if (isDisposable(stage) || (await alarms).every(({ readers }) => readers > 0))
        return good('somebody is told of every alarm');
      return bad(
        'nobody is told of alarms: give the stage alarmEmail or alarmTopics, and confirm the subscription by the mail that SNS sent',
      );
    },
  };
}

/** Not of a stage whose name goes on behind ours: those of `prod-eu` begin as those of `prod` do. */
function isOwn(alarm: string, { sources }: Stage): boolean {
  const [, of = '', what = ''] = /^(.+)-(crashes|throttled|behind|given-up)$/.exec(alarm) ?? [];
  const streams = Map.groupBy(
    sources.filter(({ kind }) => kind === 'table'),
    (one) => 'streamArn' in one && one.streamArn,
  );
  const names = [...streams.values()].map((some) => some.map(({ name }) => name).join('-'));
  return /^[A-Z]/.test(alarm) || (what === 'given-up' ? names : (jobNames as readonly string[])).includes(of);
}

function sourceSecrets({ sources }: Stage, text: string | undefined): Checked {
  const names = sources.flatMap(secretsOf);
  if (names.length === 0) return good('no source needs one');
  const run = 'run the command of output SetSourceSecretsCommand';
  if (!text?.trim()) return bad(`are not set, so every webhook is refused: ${run}`);
  const all = parsedJson(text);
  if (typeof all !== 'object' || all === null || Array.isArray(all))
    return bad(`are not of the form {"<source>": ["<secret>"]}: ${run}`);
  const lists = new Map<string, unknown>(Object.entries(all));
  const without = names.filter((name) => !isSecretList(lists.get(name)));
  if (without.length > 0) return bad(`are missing for ${without.join(', ')}: ${run}`);
  const strange = [...lists.keys()].filter((name) => !names.includes(name));
  return strange.length > 0
    ? bad(`are there for ${strange.join(', ')}, which the stage does not declare`)
    : good('are set');
}

/** A webhook's proof, and what its store is read with. EventBridge proves itself, and a user pool is read by the function's role. */
function secretsOf(source: Stage['sources'][number]): string[] {
  if (source.kind === 'table' || source.kind === 'cognito') return [];
  const hasNone = 'bus' in source ? source.bus !== undefined : 'proof' in source && source.proof.mode === 'bearer';
  const isRead = 'read' in source && source.read !== undefined;
  return [...(hasNone ? [] : [source.name]), ...(isRead ? [`${source.name}.read`] : [])];
}

const isSecretList = (value: unknown): boolean =>
  Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === 'string' && one.trim().length >= 16);

interface Page {
  readonly results?: readonly { readonly id?: unknown }[];
  readonly next?: unknown;
}

function atMaiAgent(stage: Stage, key: string | undefined, patient: Patient): Record<string, () => Promise<Checked>> {
  const { baseUrl, apiPrefix, inboxId } = stage.maiAgent;
  const at = (path: string) => `${baseUrl}${apiPrefix}/${path}`;
  const unasked: Checked = { state: 'unknown', says: 'no key to ask with: set MAIAGENT_API_KEY, or deploy and set it' };
  const asked = async (path: string, read: (status: number, body: unknown) => Checked): Promise<Checked> => {
    if (!key) return unasked;
    const answer = await patient.ask(at(path), key);
    if (!answer) return bad(`${baseUrl} does not answer from here: is maiAgent.baseUrl right?`);
    if (answer.status === 401 || answer.status === 403)
      return bad(`refuses the key (${answer.status}): make one in the console and set it`);
    if (answer.status === 429) return { state: 'unknown', says: 'asks for a pause: try again in a minute' };
    if (answer.status >= 500) return { state: 'unknown', says: `answers ${answer.status}: it is down` };
    return read(answer.status, answer.body);
  };
  return {
    maiagent: () =>
      asked('inboxes/?pageSize=100', (status, body) => {
        if (status === 404) return bad(`${at('')} is no API of MaiAgent: is maiAgent.apiPrefix right?`);
        const { results, next } = (body ?? {}) as Page;
        if (status !== 200 || !Array.isArray(results))
          return bad(`answers ${status} with something else than a list of inboxes`);
        if (results.some(({ id }) => id === inboxId)) return good(`shows the inbox ${inboxId}`);
        if (next)
          return { state: 'unknown', says: 'has more inboxes than one page shows, and ours is not on the first' };
        return bad(
          `this key shows no inbox ${inboxId}: copy maiAgent.inboxId from the console, of the same organisation`,
        );
      }),
    contacts: () =>
      asked(`contacts/?inboxes=${inboxId}&pageSize=1`, (status) =>
        status === 200 ? good('can be listed') : bad(`cannot be listed (${status}): may this key read contacts?`),
      ),
    'web-chat': () =>
      asked(`web-chats/${encodeURIComponent(stage.webChat.webChatId)}/`, (status, body) => {
        if (status !== 200)
          return bad(
            `${stage.webChat.webChatId} is not there (${status}): copy webChat.webChatId from the embed dialog`,
          );
        const inbox = (body as { inbox?: { id?: unknown } } | undefined)?.inbox?.id;
        return inbox === undefined || inbox === inboxId
          ? good(stage.webChat.webChatId)
          : bad(
              `belongs to the inbox ${JSON.stringify(inbox)}, and the stage names ${inboxId}: chats would find no contact`,
            );
      }),
    'knowledge-bases': () =>
      key ? knowledgeBases(stage, (id) => patient.ask(at(`knowledge-bases/${id}/`), key)) : Promise.resolve(unasked),
  };
}

/** Whether what the rules grant is there (MaiAgent, "Knowledge bases", retrieve): a slip in an id leaves people without what they may ask. */
async function knowledgeBases(
  { permissions }: Stage,
  ask: (id: string) => ReturnType<Patient['ask']>,
): Promise<Checked> {
  const { none, visitor = none, rules } = permissions;
  const granted = [none, visitor, ...rules.map(({ grant }) => grant)].flatMap((grant) => grant.knowledgeBases);
  const ids = [...new Set(granted.map(({ id }) => id))];
  const answers = new Map<string, number | undefined>();
  for (const id of ids) answers.set(id, (await ask(id))?.status);
  const gone = ids.filter((id) => answers.get(id) === 404);
  if (gone.length > 0) return bad(`MaiAgent has none of the id ${gone.join(', ')}: copy the ids from its console`);
  const unseen = ids.filter((id) => answers.get(id) !== 200);
  if (unseen.length > 0)
    return { state: 'unknown', says: `cannot be seen (${answers.get(unseen[0] ?? '')}): may this key read them?` };
  return good(`all ${ids.length} that the rules name are there`);
}

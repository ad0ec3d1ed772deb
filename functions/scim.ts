import type { Context } from 'aws-lambda';
import { userChangedEnv } from './env.ts';
import { httpJob, type Handlers, type HttpAnswer, type HttpHandler, type HttpRequest } from './http.ts';
import { dynamoDb, secretsManager } from './io/aws/clients.ts';
import { DynamoLinkTable } from './io/aws/link-table.ts';
import { provenBy, storedSecret, type Secret } from './io/aws/secrets.ts';
import { systemClock } from './io/clock.ts';
import { jsonLog, kindOf } from './io/log.ts';
import { ScimTable } from './io/scim/scim-table.ts';
import { lambda } from './lambda.ts';
import { Refused } from './rules/failure.ts';
import type { Problem } from './rules/http/problem.ts';
import { scimRoutes } from './rules/http/routes.ts';
import { discovery, etagOf, projected, shown } from './rules/scim/answer.ts';
import { documentOf, operationsIn, patched } from './rules/scim/document.ts';
import { errorBody, ScimFailure } from './rules/scim/failure.ts';
import { isId, type Resource, type ScimType } from './rules/scim/resource.ts';
import type { ScimSource } from './rules/scim/source.ts';
import { turnsOf } from './rules/scim/turns.ts';
import { textKeys } from './rules/sources/secret.ts';
import { textProof } from './rules/sources/signature.ts';
import { isDirectory } from './rules/scim/directory.ts';
import { find, type View } from './scim/find.ts';
import { carry, createGroup, deleteGroup, membersOf, patchGroup, renameGroups, replaceGroup } from './scim/groups.ts';
import { changeUser, createUser, deleteUser, present, type Directory } from './scim/users.ts';

/** A secret that was removed stays valid for at most this long. */
const SECRETS_AGE_MS_MAX = 300_000;
/** Some twenty thousand members of a group; a directory sends fewer. */
const BODY_BYTES_MAX = 1_048_576;
const SCIM_JSON = 'application/scim+json';
/** Shorter than the function's timeout, so that every member who is begun can end. */
const CARRY_MS_MAX = 20_000;
/** So long the turn of a group is while others wait: four have one each minute. */
const TURN_MS = 5_000;
/** People wait without their permissions meanwhile: after a quarter of an hour somebody should know. */
const OVERDUE_MS = 900_000;

/** What the job works with. */
export interface ScimDeps extends Omit<Directory, 'source' | 'table'> {
  readonly tableOf: (source: string) => ScimTable;
  /** `{"<source>": ["<token>", …]}` */
  readonly secrets: Secret;
}

/** A request of a directory, or the schedule that carries what requests have left. */
type HttpEvent = Parameters<HttpHandler>[0];
export type ScimEvent = HttpEvent | { readonly carry: true };

/** The job `scim`: directories write their users and groups (RFC 7644). It never calls MaiAgent. */
export function scim(deps: ScimDeps): (event: ScimEvent, context: Context) => Promise<unknown> {
  const serve = httpJob(scimRoutes, handlers, deps, inScim);
  return (event, context) => (Object.hasOwn(event, 'carry') ? carryDue(deps) : serve(event as HttpEvent, context));
}

/** A request whose token is proven. `id` is empty where it is about all resources of the type. */
interface Asked extends View {
  readonly id: string;
  readonly body: () => unknown;
  readonly ifMatch: string | undefined;
}
type Serve = (asked: Asked, directory: Directory) => Promise<HttpAnswer>;

/** Nothing is read or parsed before the token is proven. */
const proven =
  (serve: Serve, isOfOne: boolean | undefined) =>
  async (request: HttpRequest, deps: ScimDeps): Promise<HttpAnswer> => {
    const { source: name = '', resource = '' } = request.parameters;
    const source = directoryNamed(name, deps);
    if (!source) throw new ScimFailure('notFound');
    const token = /^Bearer +(\S+)$/i.exec(request.header('authorization') ?? '')?.[1];
    if (!(await provenBy(name, deps.secrets, (own) => textProof(textKeys(own), token)))) {
      deps.log.count('Unproven');
      throw new ScimFailure('unauthorized');
    }
    if (/(^|\/)(Bulk|Me|\.search)(\/|$)/.test(resource)) throw new ScimFailure('notImplemented');
    const base = `https://${request.header('host')}/scim/v2/${name}`;
    const [, type, id] = /^(User|Group)s(?:\/([^/]*))?$/.exec(resource) ?? [];
    const described = type === undefined ? discovery(resource, base) : undefined;
    if (type === undefined && !described) throw new ScimFailure('notFound');
    if (described ? serve !== get : isOfOne !== undefined && isOfOne !== (id !== undefined))
      throw new ScimFailure('methodNotAllowed');
    if (described) return answer(200, described);
    if (id !== undefined && !isId(id)) throw new ScimFailure('notFound');
    const body = () => request.body(BODY_BYTES_MAX, SCIM_JSON);
    const { query } = request;
    const asked = { type: type as ScimType, id: id ?? '', base, query, body, ifMatch: request.header('if-match') };
    const served = await serve(asked, { ...deps, source, table: deps.tableOf(name) });
    // As of any other source, so that it is seen when the directory was heard last.
    if (serve !== get) deps.log.note('event', { source: name, kind: type, outcome: 'accepted' });
    return served;
  };

const get: Serve = async (view, directory) => {
  const { type, id, query, base } = view;
  if (id === '') return answer(200, await find(directory, view));
  const resource = present(await directory.table.read(type, id));
  const isWhole = type === 'Group' && !/\bmembers\b/i.test(query['excludedAttributes'] ?? '');
  const members = isWhole ? await membersOf(directory, id) : undefined;
  return answer(200, projected(shown(type, resource, base, members), query), resource);
};

const post: Serve = async (view, directory) => {
  const created = await (view.type === 'User' ? createUser : createGroup)(directory, view.body());
  const { headers, ...rest } = written(view, created, 201);
  return { ...rest, headers: { ...headers, location: `${view.base}/${view.type}s/${created.id}` } };
};

const put: Serve = async (view, directory) => {
  const { type, id, ifMatch } = view;
  const body = view.body();
  if (type === 'Group') return written(view, await replaceGroup(directory, id, ifMatch, body));
  const document = documentOf('User', body);
  return written(view, await changeUser(directory, id, ifMatch, () => document));
};

/** Of a group nothing is shown, as Entra ID wishes it (Microsoft, "Develop and plan provisioning for a SCIM endpoint", Update Group). */
const patch: Serve = async (view, directory) => {
  const { type, id, ifMatch } = view;
  const body = view.body();
  if (type === 'Group') return patchGroup(directory, id, ifMatch, body).then(() => ({ status: 204 }));
  const operations = operationsIn(body);
  return written(view, await changeUser(directory, id, ifMatch, (document) => patched('User', document, operations)));
};

const remove: Serve = async ({ type, id, ifMatch }, directory) => {
  await (type === 'User' ? deleteUser : deleteGroup)(directory, id, ifMatch);
  return { status: 204 };
};

const handlers: Handlers<typeof scimRoutes, ScimDeps> = {
  scimGet: proven(get, undefined),
  scimPost: proven(post, false),
  scimPut: proven(put, true),
  scimPatch: proven(patch, true),
  scimDelete: proven(remove, true),
};

const answer = (status: number, body: unknown, resource?: Resource) => ({
  status,
  body,
  headers: { 'content-type': SCIM_JSON, ...(resource && { etag: etagOf(resource) }) },
});

const written = ({ type, base, query }: View, resource: Resource, status = 200) =>
  answer(status, projected(shown(type, resource, base), query), resource);

const refusals: Readonly<Record<string, ConstructorParameters<typeof ScimFailure>[0]>> = {
  body_invalid: 'invalidSyntax',
  body_too_large: 'tooLarge',
  content_type_unsupported: 'contentType',
};

/** A failure as RFC 7644 §3.12 writes it. */
function inScim({ status, title, code }: Problem, error: unknown): HttpAnswer {
  const known = error instanceof Refused ? refusals[error.code] : undefined;
  const failure = error instanceof ScimFailure ? error : known && new ScimFailure(known);
  const challenge = failure?.kind === 'unauthorized' && { 'www-authenticate': 'Bearer' };
  const { body, ...rest } = answer(failure?.status ?? status, failure?.body ?? errorBody(status, `${code}: ${title}`));
  return { ...rest, body, headers: { ...rest.headers, ...challenge } };
}

const directoriesOf = ({ settings }: Pick<ScimDeps, 'settings'>) => settings.sources.filter(isDirectory);
const directoryNamed = (name: string, deps: Pick<ScimDeps, 'settings'>) =>
  directoriesOf(deps).find((one) => one.name === name);

/** Goes on with the groups whose members are still to be carried, in turns, until the time is up. */
async function carryDue(deps: ScimDeps): Promise<void> {
  const { clock, log } = deps;
  const until = clock.elapsed() + CARRY_MS_MAX;
  /** One group, and one directory, delays no other. What failed stays due. */
  const inTurn = async (source: ScimSource, work: (directory: Directory, until: number) => Promise<void>) => {
    try {
      const directory = { ...deps, source, table: deps.tableOf(source.name) };
      await work(directory, Math.min(until, clock.elapsed() + TURN_MS));
    } catch (error) {
      log.error('carry-failed', { source: source.name, kind: kindOf(error) });
    }
  };
  // Nobody can be carried while the stage does not declare the directory. It may again, and what was withdrawn is so until then.
  const due = (await deps.tableOf('').dueGroups(clock.now())).filter(({ source }) => directoryNamed(source, deps));
  const overdue = due.filter(({ dueAt }) => dueAt <= clock.now() - OVERDUE_MS);
  if (overdue.length > 0) log.count('OverdueMemberships', overdue.length);
  const line = turnsOf(due);
  for (let next = line.shift(); next && clock.elapsed() <= until; next = line.shift()) {
    const { source: name, groupId } = next;
    const source = directoryNamed(name, deps);
    if (!source) continue;
    await inTurn(source, async (directory, end) => {
      await directory.table.commit([directory.table.note(groupId, 'turnAt')], '');
      if (!(await carry(directory, groupId, end, true))) line.push(next);
    });
  }
  for (const source of directoriesOf(deps)) await inTurn(source, renameGroups);
}

export const handler = lambda(userChangedEnv, ({ env, settings }) => {
  const clock = systemClock;
  const client = dynamoDb();
  return scim({
    settings,
    clock,
    log: jsonLog('scim'),
    tableOf: (source) => new ScimTable(client, env.LINKS_TABLE, clock, source),
    links: new DynamoLinkTable(client, env.LINKS_TABLE, clock),
    secrets: storedSecret(secretsManager(), env.SOURCE_SECRETS, SECRETS_AGE_MS_MAX),
  });
});

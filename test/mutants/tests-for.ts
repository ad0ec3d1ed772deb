/** Tests to be run together, each named by the beginning of its path from the root of the project. */
export type Tests = readonly string[];

const links = ['test/io/link-'];
const sources = ['test/rules/source', 'test/user-changed.test.ts'];
const identify = ['test/identify'];
const broadcasts = ['test/broadcast', 'test/broadcasts/broadcast-routes.test.ts'];
const batches = ['test/io/broadcast-', 'test/rules/broadcasts/batch.test.ts', 'test/broadcast'];

/** The tests that are named for a file, or that are the nearest to it: quick to run, and the ones that should notice. */
const narrow: Readonly<Record<string, Tests>> = {
  'contacts/contact-for.ts': [...identify, 'test/sync.test.ts'],
  'env.ts': ['test/env.test.ts'],
  'contacts/erase-contact.ts': ['test/contacts/erase-contact.test.ts', 'test/sync.test.ts'],
  'broadcasts/find-message.ts': ['test/broadcasts/find-message.test.ts', 'test/broadcast'],
  'contacts/record-change.ts': ['test/manage.test.ts', ...identify],
  'http.ts': ['test/http-log.test.ts', ...identify],
  'identify.ts': identify,
  'manage.ts': ['test/manage.test.ts'],
  'broadcasts/broadcast-routes.ts': broadcasts,
  'contacts/reconcile.ts': [
    'test/contacts/extra-contact.test.ts',
    'test/contacts/unanswered-request.test.ts',
    ...identify,
    'test/sync.test.ts',
  ],
  'broadcasts/schedule-broadcast.ts': broadcasts,
  'broadcasts/serve-batch.ts': ['test/broadcasts/serve-batch.test.ts', 'test/broadcast'],
  'broadcasts/start-run.ts': broadcasts,
  'sync.ts': ['test/sync'],
  'changes/take-change.ts': ['test/user-changed.test.ts'],
  'broadcasts/work-run.ts': ['test/broadcast'],
  'io/aws/clients.ts': ['test/io/aws/clients.test.ts'],
  'io/aws/broadcast-table.ts': batches,
  'io/aws/broadcast-writes.ts': batches,
  'io/maiagent/contact-api.ts': ['test/io/contact-api'],
  'io/maiagent/contact-wire.ts': ['test/io/contact-'],
  'io/https.ts': ['test/io/https.test.ts', 'test/io/contact-api'],
  'io/aws/intake.ts': ['test/user-changed.test.ts'],
  'io/aws/link-writes.ts': links,
  'io/maiagent/page-query.ts': ['test/io/contact-api'],
  'io/visitor-token.ts': ['test/io/visitor-token.test.ts', ...identify],
  'rules/broadcasts/audience.ts': ['test/rules/broadcasts/audience.test.ts', ...broadcasts],
  'rules/broadcasts/broadcast-view.ts': broadcasts,
  'rules/maiagent/contact-search.ts': ['test/rules/maiagent/contact-search.test.ts'],
  'rules/contacts/drift.ts': ['test/sync.test.ts'],
  'rules/broadcasts/evidence.ts': ['test/rules/broadcasts/evidence.test.ts', 'test/broadcast'],
  'rules/contacts/link.ts': ['test/rules/contacts/link.test.ts', ...links, ...identify],
  'rules/contacts/link-view.ts': ['test/manage.test.ts'],
  'rules/contacts/next-step.ts': ['test/rules/contacts/next-step.test.ts', ...identify],
  'rules/maiagent/outcome.ts': ['test/rules/maiagent/outcome.test.ts'],
  'rules/broadcasts/broadcast.ts': ['test/broadcasts/schedules.test.ts'],
  'rules/broadcasts/batch.ts': batches,
  'rules/contacts/permissions.ts': ['test/rules/contacts/permissions.test.ts'],
  'rules/http/request-body.ts': ['test/rules/http/request-body.test.ts'],
  'rules/broadcasts/run.ts': ['test/rules/broadcasts/run.test.ts', 'test/broadcast'],
  'rules/safe-url.ts': ['test/env.test.ts'],
  'rules/contacts/reports.ts': ['test/rules/contacts/reports.test.ts', 'test/rules/contacts/link.test.ts'],
  'rules/sources/json.ts': sources,
  'rules/sources/mapping.ts': sources,
  'rules/sources/secret.ts': sources,
  'rules/sources/signature.ts': sources,
  'rules/sources/source-event.ts': sources,
  'rules/contacts/subject.ts': ['test/rules/contacts/subject.test.ts'],
  'rules/contacts/token-claims.ts': ['test/rules/contacts/token-claims.test.ts'],
  'rules/contacts/user-fields.ts': ['test/rules/contacts/user-fields.test.ts', 'test/rules/contacts/avatar.test.ts'],
  'rules/contacts/user-body.ts': ['test/rules/contacts/user-body.test.ts', 'test/manage.test.ts'],
  'rules/contacts/desired.ts': ['test/rules/contacts/desired.test.ts', 'test/rules/contacts/link.test.ts'],
};

/** What is run where the nearest tests notice nothing: whole jobs, and then every fault at every boundary. */
const wider: readonly Tests[] = [
  ['test/rules/', 'test/io/', 'test/identify', 'test/sync', 'test/user-changed', 'test/manage', 'test/broadcast'],
  ['test/crash/found', 'test/crash/single-faults', 'test/crash/broadcast', 'test/permutations'],
];

/** The tests that may notice that a file is weakened, in the order in which to try them. Throws for a file that nobody mapped. */
export function testsFor(files: Iterable<string>): readonly Tests[] {
  const nearest = [...files].flatMap((file) => {
    const tests = narrow[file.replace(/^functions\//, '')];
    if (!tests) throw new Error(`no tests are named for ${file}: add it to the map in test/mutants/tests-for.ts`);
    return tests;
  });
  return [[...new Set(nearest)], ...wider];
}

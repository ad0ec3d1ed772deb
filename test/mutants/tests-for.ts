/** Tests to be run together, each named by the beginning of its path from the root of the project. */
export type Tests = readonly string[];

const links = ['test/io/link-'];
const sources = ['test/rules/source', 'test/user-changed.test.ts'];
const identify = ['test/identify'];
const broadcasts = ['test/broadcast', 'test/manage-broadcasts.test.ts'];
const parcels = ['test/io/broadcast-', 'test/rules/parcel.test.ts', 'test/broadcast'];

/** The tests that are named for a file, or that are the nearest to it: quick to run, and the ones that should notice. */
const narrow: Readonly<Record<string, Tests>> = {
  'contact-for.ts': [...identify, 'test/sync.test.ts'],
  'env.ts': ['test/rules/env.test.ts'],
  'erase.ts': ['test/gone.test.ts', 'test/sync.test.ts'],
  'find-message.ts': ['test/find-message.test.ts', 'test/broadcast'],
  'hear.ts': ['test/manage.test.ts', ...identify],
  'http.ts': ['test/http-log.test.ts', ...identify],
  'identify.ts': identify,
  'manage.ts': ['test/manage.test.ts'],
  'manage-broadcasts.ts': broadcasts,
  'reconcile.ts': ['test/extra-contact.test.ts', 'test/unanswered-request.test.ts', ...identify, 'test/sync.test.ts'],
  'schedule-broadcast.ts': broadcasts,
  'serve-parcel.ts': ['test/serve-parcel.test.ts', 'test/broadcast'],
  'start-run.ts': broadcasts,
  'sync.ts': ['test/sync'],
  'take-change.ts': ['test/user-changed.test.ts'],
  'work-run.ts': ['test/broadcast'],
  'io/aws.ts': ['test/io/aws.test.ts'],
  'io/broadcast-table.ts': parcels,
  'io/broadcast-writes.ts': parcels,
  'io/contact-api.ts': ['test/io/contact-api'],
  'io/contact-wire.ts': ['test/io/contact-'],
  'io/https.ts': ['test/io/https.test.ts', 'test/io/contact-api'],
  'io/intake.ts': ['test/user-changed.test.ts'],
  'io/link-writes.ts': links,
  'io/page-query.ts': ['test/io/contact-api'],
  'io/visitor-token.ts': ['test/io/visitor-token.test.ts', ...identify],
  'rules/audience.ts': ['test/rules/audience.test.ts', ...broadcasts],
  'rules/broadcast-view.ts': broadcasts,
  'rules/contact-search.ts': ['test/rules/contact-search.test.ts'],
  'rules/drift.ts': ['test/sync.test.ts'],
  'rules/evidence.ts': ['test/rules/evidence.test.ts', 'test/broadcast'],
  'rules/link.ts': ['test/rules/link.test.ts', ...links, ...identify],
  'rules/link-view.ts': ['test/manage.test.ts'],
  'rules/next-step.ts': ['test/rules/next-step.test.ts', ...identify],
  'rules/outcome.ts': ['test/rules/outcome.test.ts'],
  'rules/broadcast.ts': ['test/broadcast-schedules.test.ts'],
  'rules/parcel.ts': parcels,
  'rules/permissions.ts': ['test/rules/permissions.test.ts'],
  'rules/request-body.ts': ['test/rules/request-body.test.ts'],
  'rules/run.ts': ['test/rules/run.test.ts', 'test/broadcast'],
  'rules/safe-url.ts': ['test/rules/env.test.ts'],
  'rules/said.ts': ['test/rules/said.test.ts', 'test/rules/link.test.ts'],
  'rules/source-json.ts': sources,
  'rules/source-mapping.ts': sources,
  'rules/source-secret.ts': sources,
  'rules/source-signature.ts': sources,
  'rules/source-told.ts': sources,
  'rules/subject.ts': ['test/rules/subject.test.ts'],
  'rules/token-claims.ts': ['test/rules/token-claims.test.ts'],
  'rules/user-fields.ts': ['test/rules/user-fields.test.ts', 'test/rules/avatar.test.ts'],
  'rules/user-body.ts': ['test/rules/user-body.test.ts', 'test/manage.test.ts'],
  'rules/wanted.ts': ['test/rules/wanted.test.ts', 'test/rules/link.test.ts'],
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

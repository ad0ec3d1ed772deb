import type { Settings } from '../functions/env.ts';

type Source = Settings['sources'][number];
type TableSource = Extract<Source, { kind: 'table' }>;
type Place = { readonly account: string; readonly region: string } | undefined;

interface Mistake {
  readonly path: (string | number)[];
  readonly message: string;
}

/** What is wrong with the streams of a stage's tables, its own and its users', and with its user pools: where they are, and which items two sources of one stream both take. */
export function streamMistakes(stage: {
  readonly sources: readonly (Source | { readonly kind: 'api' | 'token' })[];
  readonly restoredTables: Readonly<Record<string, string | undefined>>;
  readonly aws?: Place;
}): Mistake[] {
  const pools = stage.sources.flatMap((source, at) =>
    source.kind === 'cognito' ? poolMistakes(source.read.userPoolId, at, stage.aws) : [],
  );
  const tables = stage.sources.flatMap((source, at) => (source.kind === 'table' ? [{ source, at }] : []));
  const streams = tables.flatMap(({ source, at }, index) => {
    const path = ['sources', at];
    const twin = tables.slice(0, index).find((one) => shareItems(one.source, source));
    return [
      ...elsewhere(source, stage.aws).map((message) => ({ path: [...path, 'streamArn'], message })),
      ...(twin
        ? [{ path, message: `must not take items of the stream that ${twin.source.name} takes: ${apart}` }]
        : []),
    ];
  });
  const restored = Object.entries(stage.restoredTables).flatMap(([table, streamArn = '']) =>
    elsewhere({ streamArn }, stage.aws).map((message) => ({ path: ['restoredTables', table], message })),
  );
  return [...pools, ...streams, ...restored];
}

/** CloudTrail tells what happens in a region to EventBridge there. */
function poolMistakes(userPoolId: string, at: number, aws: Place): Mistake[] {
  const [region = ''] = userPoolId.split('_');
  if (!aws || region === aws.region) return [];
  const message = `is in ${region}, and this stage in ${aws.region}: a user pool is heard in its own region`;
  return [{ path: ['sources', at, 'read', 'userPoolId'], message }];
}

const apart = 'give both a keyPrefix that does not begin with the other one, or a sortKey with another value';

/** Lambda follows streams of its own region, with a role that only its own account can let in. */
function elsewhere({ streamArn }: Pick<TableSource, 'streamArn'>, aws: Place): string[] {
  const [, , , region, account] = streamArn.split(':');
  if (!aws) return [];
  const inRegion = `is in ${region}, and this stage in ${aws.region}: a stream is followed in its own region`;
  const inAccount = `is in the account ${account}, and this stage in ${aws.account}: forward its changes to a webhook`;
  return [...(region === aws.region ? [] : [inRegion]), ...(account === aws.account ? [] : [inAccount])];
}

/** Whether an item of one stream could be a user of both sources. */
function shareItems(one: TableSource, other: TableSource): boolean {
  if (one.streamArn !== other.streamArn) return false;
  const prefixes = [one.keyPrefix, other.keyPrefix];
  const areApart = one.key === other.key && !prefixes.some((prefix, at) => (prefixes[1 - at] ?? '').startsWith(prefix));
  const { sortKey: first } = one;
  const { sortKey: second } = other;
  const haveOtherSortKeys = first && second && first.name === second.name && first.equals !== second.equals;
  return !areApart && !haveOtherSortKeys;
}

import type { Settings } from '../functions/env.ts';

type TableSource = Extract<Settings['sources'][number], { kind: 'table' }>;

interface Mistake {
  readonly path: (string | number)[];
  readonly message: string;
}

/** What is wrong with the streams of a stage's tables and with its user pools: where they are, and which items two sources of one stream both take. */
export function streamMistakes(stage: {
  readonly sources: readonly { readonly kind: string }[];
  readonly aws?: { readonly account: string; readonly region: string } | undefined;
}): Mistake[] {
  const pools = stage.sources.flatMap((source, at) => (isPool(source) ? poolMistakes(source, at, stage.aws) : []));
  const tables = stage.sources.flatMap((source, at) => (isTable(source) ? [{ source, at }] : []));
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
  return [...pools, ...streams];
}

type PoolSource = Extract<Settings['sources'][number], { kind: 'cognito' }>;
const isPool = (source: { readonly kind: string }): source is PoolSource => source.kind === 'cognito';

/** CloudTrail tells what happens in a region to EventBridge there. */
function poolMistakes({ read }: PoolSource, at: number, aws?: { readonly region: string }): Mistake[] {
  const [region = ''] = read.userPoolId.split('_');
  if (!aws || region === aws.region) return [];
  const message = `is in ${region}, and this stage in ${aws.region}: a user pool is heard in its own region`;
  return [{ path: ['sources', at, 'read', 'userPoolId'], message }];
}

const apart = 'give both a keyPrefix that does not begin with the other one, or a sortKey with another value';
const isTable = (source: { readonly kind: string }): source is TableSource => source.kind === 'table';

/** Lambda follows streams of its own region, with a role that only its own account can let in. */
function elsewhere({ streamArn }: TableSource, aws?: { readonly account: string; readonly region: string }): string[] {
  const [, , , region = '', account = ''] = streamArn.split(':');
  if (!aws) return [];
  return [
    ...(region === aws.region
      ? []
      : [`is in ${region}, and this stage in ${aws.region}: a stream is followed in its own region`]),
    ...(account === aws.account
      ? []
      : [`is in the account ${account}, and this stage in ${aws.account}: forward its changes to a webhook`]),
  ];
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

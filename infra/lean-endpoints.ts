interface Asked {
  readonly Region?: string;
  readonly Endpoint?: string;
  readonly UseFIPS?: boolean;
  readonly UseDualStack?: boolean;
}

/** The partitions whose names do not end as those of `aws` and `aws-us-gov` do, by how their regions begin. */
const suffixes: readonly (readonly [regions: RegExp, suffix: string])[] = [
  [/^cn-/, 'amazonaws.com.cn'],
  [/^eusc-/, 'amazonaws.eu'],
  [/^us-iso-/, 'c2s.ic.gov'],
  [/^us-isob-/, 'sc2s.sgov.gov'],
  [/^eu-isoe-/, 'cloud.adc-e.uk'],
  [/^us-isof-/, 'csp.hci.ic.gov'],
];

/**
 * Stands in for the SDK's endpoint rules inside the bundles, 14 KB of them for each client: every region has one address, and a setting
 * names another. The rules for FIPS and dual stack are left out, and whoever asks for one of them is told so.
 */
export const endpointOf =
  (service: string) =>
  ({ Region = '', Endpoint, UseFIPS, UseDualStack }: Asked) => {
    if (UseFIPS || UseDualStack) throw new Error('these functions know no FIPS and no dual-stack endpoints');
    const suffix = suffixes.find(([regions]) => regions.test(Region))?.[1] ?? 'amazonaws.com';
    return { url: new URL(Endpoint ?? `https://${service}.${Region}.${suffix}`), properties: {}, headers: {} };
  };

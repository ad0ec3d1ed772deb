import { describe, expect, it } from 'vitest';
import { clientNetworks } from '../../../functions/rules/http/client-network.ts';

describe('the network of a client', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002::1', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:db8:1:2::', '2001:db8:1:2::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['', 'unknown'],
    ['stranger.example', 'unknown'],
    ['192.0.2.7, 198.51.100.1', 'unknown'],
  ])('of %s is %s', (address, network) => {
    expect(clientNetworks(address)[0]).toBe(network);
  });
});

it.each([
  ['192.0.2.7', []],
  ['::ffff:192.0.2.7', []],
  ['2001:db8:1:2:3:4:5:6', ['2001:db8:1::/48']],
  ['2001:DB8::1', ['2001:db8:0::/48']],
  ['stranger.example', []],
])('the site of %s is %j', (address, site) => {
  expect(clientNetworks(address).slice(1)).toEqual(site);
});

/** Where CloudFront in front of the API says who asks (`infra/edge.ts`). */
export const CLIENT_ADDRESS_HEADER = 'x-client-address';

/** What the gateway writes; that the numbers are right is its business. */
const IPV4 = /^\d{1,3}(?:\.\d{1,3}){3}$/;
const IPV6 = /^(?=.*:)[0-9a-f:.]{2,45}(?:%\w{1,16})?$/i;

/** How many of the eight groups of an IPv6 address name the network, a /64, and the site, a /48 (RFC 6177). */
const PREFIXES = [4, 3];

/**
 * The network that a client asks from, as one text: an IPv4 address, or the /64 of an IPv6 one, because one customer gets a /64 at least, and
 * may ask from any address of it. After it the /48, whose holder has 65,536 of them. What is no address is a network of its own, so that
 * whoever hides the address shares one limit with all who do.
 */
export function clientNetworks(address: string): readonly string[] {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
  if (IPV4.test(plain)) return [plain];
  if (!IPV6.test(plain)) return ['unknown'];
  const groups = groupsOf(plain);
  return PREFIXES.map((count) => `${groups.slice(0, count).join(':')}::/${16 * count}`);
}

/** The eight groups without leading zeros; an IPv4 tail, which stands for two, lies behind the network. */
function groupsOf(address: string): string[] {
  const [start = '', end] = address.replace(/%.*$/, '').toLowerCase().split('::');
  const groups = (part: string | undefined): string[] => part?.split(':').filter(Boolean).map(short) ?? [];
  const [before, after] = [groups(start), groups(end)];
  return [...before, ...Array<string>(Math.max(0, 8 - before.length - after.length)).fill('0'), ...after];
}

const short = (group: string): string => group.replace(/^0+(?=.)/, '');

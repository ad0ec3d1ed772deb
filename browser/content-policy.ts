import { onWindow } from './page.ts';
import { pause } from './waiting.ts';

/** A violation of the content policy is told a task after what it stops. */
const toldMs = 50;

const forbidden = new Set<string>();
onWindow('securitypolicyviolation', ({ blockedURI, disposition }: SecurityPolicyViolationEvent) => {
  if (disposition === 'enforce') forbidden.add(blockedURI.split('/').slice(0, 3).join('/'));
});

/** Whether the page's content policy has stopped something of this address. */
export async function isForbidden(url: string): Promise<boolean> {
  await pause(toldMs);
  return forbidden.has(new URL(url).origin);
}

import { install } from '../../browser/bridge.ts';
import type { ContactBridge } from '../../browser/interface.ts';

export type * from '../../browser/interface.ts';

/** The page's one bridge, also where a script tag brought it. A server has no page and so none: call it in an effect, or in an event. */
export const contactBridge: ContactBridge = globalThis.document && install();

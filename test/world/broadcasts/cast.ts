import type { Cast } from '../boundaries/encounters.ts';
import { batchScenarios } from './batch-scenarios.ts';
import type { BroadcastAct } from './campaign.ts';
import type { CrowdName } from './crowd.ts';
import { broadcastScenarios } from './scenarios.ts';

/** What others do while a caller is held or frozen. */
const rivals: readonly (readonly BroadcastAct[])[] = [
  ['turn-passes', 'sweep', 'claim-passes', 'sweep', 'claim-passes'],
  ['cancel', 'turn-passes', 'sweep', 'claim-passes'],
  ['turn-passes', 'disable', 'sweep', 'cancel', 'claim-passes'],
  ['claim-passes', 'claim-passes'],
];

/** The stories of one batch. What time passes first makes a second worker of whoever comes: the lease or the claim of the first is over. */
export const oneBatch: Cast<BroadcastAct, CrowdName> = {
  name: 'one batch',
  stories: broadcastScenarios,
  comers: [
    { name: 'a sweep', acts: ['sweep'] },
    { name: 'a sweep after the turn', acts: ['turn-passes', 'sweep'] },
    { name: 'a sweep after the claim', acts: ['claim-passes', 'sweep'] },
    { name: 'the stream', acts: ['wake'] },
    { name: 'a firing', acts: ['fire'] },
    { name: 'the same firing', acts: ['fire-again'] },
    { name: 'a cancel', acts: ['cancel'] },
    { name: 'a cancel and a sweep', acts: ['cancel', 'sweep'] },
    { name: 'an edit', acts: ['edit'] },
    { name: 'another time', acts: ['put-off', 'sweep'] },
    { name: 'a pause', acts: ['pause'] },
    { name: 'a pause and its end', acts: ['pause', 'resume'] },
    { name: 'a pause, a sweep and its end', acts: ['pause', 'sweep', 'resume', 'sweep'] },
    { name: 'a disable', acts: ['disable'] },
    { name: 'an answer of a recipient', acts: ['chat'] },
    { name: 'the same creation', acts: ['create-now'] },
  ],
  more: [],
  rivals: [...rivals, ['pause', 'turn-passes', 'sweep', 'edit', 'resume', 'sweep']],
};

/** The stories of many batches, where anybody's link may change. */
export const manyBatches: Cast<BroadcastAct, CrowdName> = {
  name: 'many batches',
  stories: batchScenarios,
  comers: [
    { name: 'a sweep', acts: ['sweep'] },
    { name: 'a sweep after the turn', acts: ['turn-passes', 'sweep'] },
    { name: 'a sweep after the claim', acts: ['claim-passes', 'sweep'] },
    { name: 'a firing', acts: ['fire'] },
    { name: 'a cancel and a sweep', acts: ['cancel', 'sweep'] },
    { name: 'a change of links', acts: ['change-links'] },
    { name: 'a change of links and a sweep', acts: ['change-links', 'turn-passes', 'sweep'] },
  ],
  more: [],
  rivals,
};

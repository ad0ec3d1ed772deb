import type { Plot } from '../boundaries/case.ts';
import { Campaign, type BroadcastAct } from './campaign.ts';
import { Crowd, type CrowdName } from './crowd.ts';
import { settleCampaigns } from './settle.ts';

/** Stories of one broadcast. */
export const broadcastPlot: Plot<BroadcastAct, CrowdName> = {
  begin: async (crowd, id, world) =>
    new Campaign(world, { message: `The message of ${id}`, meant: await Crowd.of(crowd, id, world) }),
  rival: ['turn-passes', 'sweep', 'claim-passes', 'sweep', 'claim-passes'],
  look: ['sweep'],
  async settle(player, { isHarmed }) {
    const campaign = player as Campaign;
    campaign.mood = 'maiagent-well';
    const [end = ''] = await settleCampaigns([campaign], isHarmed);
    return end;
  },
};

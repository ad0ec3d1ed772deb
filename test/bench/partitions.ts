import { dueShard, SHARDS, type Urgency } from '../../functions/rules/lane.ts';
import { sourceIdOf } from '../../functions/rules/contacts/subject.ts';

/** What one partition takes in a second (AWS, "Best practices for designing partition keys"). */
const WRITES = 1_000;
const READS = 3_000;

/** Where the keys of so many links lie, by the rules of the functions: what the fullest shard of the index `Due` may take at most. */
export function benchPartitions(links: number, say: (text: string) => void): object {
  const lanes = (Object.keys(SHARDS) as (keyof typeof SHARDS)[]).map((lane) => {
    const counts = new Map<string, number>();
    if (SHARDS[lane].length === 1) counts.set(SHARDS[lane][0]!, links);
    else
      for (let index = 0; index < links; index += 1) {
        const shard = dueShard(sourceIdOf({ kind: 'user', userId: `person-${index}` }, 1), 0, lane as Urgency);
        counts.set(shard, (counts.get(shard) ?? 0) + 1);
      }
    const fullest = Math.max(...counts.values()) / links;
    // A link that becomes due is put into the index by one write, and taken out of it by another.
    const writesPerSecond = Math.floor(WRITES / fullest);
    say(
      `lane ${lane}: ${counts.size} of ${SHARDS[lane].length} shards, the fullest has ${(fullest * 100).toFixed(1)} %: ${writesPerSecond} writes, so ${Math.floor(writesPerSecond / 2)} links a second`,
    );
    return { lane, shards: counts.size, fullest, writesPerSecond };
  });
  say(`a partition of the table takes ${READS} reads of one link a second, and links are spread by their whole key`);
  return { lanes };
}

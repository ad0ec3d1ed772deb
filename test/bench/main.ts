import { parseArgs } from 'node:util';
import { benchReevaluate } from './reevaluate.ts';

const usage = `npm run bench -- reevaluate [--links <count>]
  Evaluates links again that stay as they are, on the embedded engine: the time of one function, and the read units of the table.`;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { links: { type: 'string', default: '10000' } },
});
const links = Number(values.links);
if (positionals.join(' ') === 'reevaluate' && Number.isInteger(links) && links > 0)
  await benchReevaluate(links, (text) => void process.stdout.write(`${text}\n`));
else {
  process.stderr.write(`${usage}\n`);
  process.exitCode = 2;
}

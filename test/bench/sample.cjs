'use strict';
// One sample in a process of its own: how much processor time and time it takes to load a function, to answer its first call and, where it
// is asked for, further ones. CommonJS, so that the measuring loads nothing that a function would have to load.
const fs = require('node:fs');

const [file, plan] = process.argv.slice(2);
const { events, warmUp = 0, calls = 0, group, batch } = JSON.parse(fs.readFileSync(plan, 'utf8'));
const context = { awsRequestId: 'sample', getRemainingTimeInMillis: () => 20_000 };

function stamp() {
  const { user, system } = process.cpuUsage();
  return { cpu: user + system, wall: performance.now() * 1000 };
}
const between = (from, to) => ({ cpu: to.cpu - from.cpu, wall: to.wall - from.wall });

/** Lambda parses each event anew, and a handler may write into it. */
const event = (call) => ({ ...events[call % events.length] });

async function run() {
  const started = stamp();
  const { handler } = await (file.endsWith('.mjs') ? import(file) : require(file));
  const loaded = stamp();
  // From here on Lambda gives a function the share of a processor that its memory pays for.
  if (group) fs.writeFileSync(group, String(process.pid));
  const entered = stamp();
  const answer = await handler(event(0), context);
  const answered = stamp();
  for (let call = 1; call <= warmUp; call++) await handler(event(call), context);
  const from = stamp();
  for (let call = 1; call <= calls; call++) await handler(event(call), context);
  const to = stamp();
  const { maxRSS } = process.resourceUsage();
  const result = {
    init: between(started, loaded),
    first: between(entered, answered),
    ...(calls > 0 && { warm: (to.cpu - from.cpu) / calls }),
    memory: maxRSS * 1024,
    answer,
    batch,
  };
  fs.writeSync(3, JSON.stringify(result));
  process.exit(0);
}
run().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});

'use strict';
// Runs before `npm start` and `npm test`, on whatever Node there is: no syntax newer than Node 12.
// It installs what the lockfile says where that has not been done, so that a stranger types one command.
const { spawnSync } = require('child_process');
const { createHash } = require('crypto');
const fs = require('fs');
const path = require('path');

const root = path.join(__dirname, '..');
const modules = path.join(root, 'node_modules');
/** Holds the hash of the lockfile that was installed. Written last, so an interrupted installation is done again. */
const stamp = path.join(modules, '.contact-bridge-lock');

const wanted = createHash('sha256')
  .update(fs.readFileSync(path.join(root, 'package-lock.json')))
  .digest('hex');

if (read(stamp) !== wanted) {
  if (read(stamp) === undefined && isInstalled()) write();
  else install();
}
if (!suitableNode()) {
  fail(
    'contact-bridge needs Node 22.22.2 or newer: install it from https://nodejs.org (this is ' + process.version + ')',
  );
}

function install() {
  process.stderr.write('installing dependencies (npm ci); this happens once for each package-lock.json\n');
  const npm = process.env.npm_execpath;
  const command = npm && /\.c?js$/.test(npm) ? [process.execPath, npm] : ['npm'];
  const args = command.slice(1).concat(['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']);
  // An older Node installs the one that runs: npm's page of warnings about it would be about nothing.
  // No package needs a script to be installed. The setting has no place in .npmrc, where it would switch off this file too.
  const result = spawnSync(command[0], args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (result.status !== 0) fail('npm ci failed: see above, then try again');
  write();
}

/** Whether somebody ran `npm ci` by hand: npm then leaves a copy of the lockfile's packages, in which each one agrees. */
function isInstalled() {
  const installed = packages(path.join(modules, '.package-lock.json'));
  const locked = packages(path.join(root, 'package-lock.json'));
  return (
    Boolean(installed && locked) &&
    Object.keys(locked).every(function (name) {
      if (name === '' || locked[name].optional) return true;
      return Boolean(installed[name]) && installed[name].integrity === locked[name].integrity;
    })
  );
}

function packages(file) {
  const text = read(file);
  return text === undefined ? undefined : JSON.parse(text).packages;
}

/** npm puts `node_modules/.bin` first on the path of the next script, and so the Node that is installed there. */
function suitableNode() {
  const bundled = fs.existsSync(path.join(modules, '.bin', 'node'));
  const parts = process.versions.node.split('.').map(Number);
  return bundled || parts[0] > 22 || (parts[0] === 22 && (parts[1] > 22 || (parts[1] === 22 && parts[2] >= 2)));
}

function write() {
  fs.writeFileSync(stamp, wanted);
}

function read(file) {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function fail(line) {
  process.stderr.write(line + '\n');
  process.exit(1);
}

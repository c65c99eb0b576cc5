// Looks at a served portal in a headless Chromium, as people do, and says what holds:
//
//     node portal.mjs < questions.json       PORTAL's address, where the tools are, files to choose …: see chromium.rs
//
// One line a check, `ok …` or `FAILED …: why`; the exit code is the number of those that failed.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { looks } from './looks.mjs';
import { offline } from './offline.mjs';
import { publishing } from './publishing.mjs';
import { reading } from './reading.mjs';
import { verifying } from './verifying.mjs';

const asked = JSON.parse(readFileSync(0, 'utf8'));
const require = createRequire(join(asked.tools, 'package.json'));
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

const browser = await chromium.launch({ executablePath: asked.chromium, args: ['--no-sandbox'] });
let failed = 0;

/** What goes wrong in a context without anybody looking: errors in the console, requests that leave the origin. */
function watched(context, wrong) {
  context.on('console', (message) => {
    if (message.type() === 'error') wrong.push(`console: ${message.text()}`);
  });
  context.on('weberror', (error) => wrong.push(`error: ${error.error()}`));
  context.on('request', (request) => {
    const address = request.url();
    if (![asked.portal, asked.console.portal].some((ours) => address.startsWith(`${ours}/`)) && !/^(file|blob|data):/.test(address)) wrong.push(`request to ${address}`);
  });
  return context;
}

/** Runs a check in a context of its own. */
async function check(name, options, run) {
  const wrong = [];
  const context = watched(await browser.newContext({ reducedMotion: 'reduce', ...options }), wrong);
  context.setDefaultTimeout(15_000);
  try {
    await run(await context.newPage(), { ...asked, axe, expected: (pattern) => forget(wrong, pattern) });
  } catch (error) {
    wrong.push(String(error?.message ?? error));
  }
  await context.close();
  failed += wrong.length > 0;
  console.log(wrong.length > 0 ? `FAILED ${name}: ${wrong.join('\n    ')}` : `ok ${name}`);
}

/** Takes out what a check has provoked. */
function forget(wrong, pattern) {
  const kept = wrong.filter((one) => !pattern.test(one));
  if (kept.length === wrong.length) throw new Error(`nothing was said that matches ${pattern}`);
  wrong.splice(0, wrong.length, ...kept);
}

for (const part of [reading, verifying, offline, publishing, looks]) await part(check, asked);
await browser.close();
process.exit(Math.min(failed, 100));

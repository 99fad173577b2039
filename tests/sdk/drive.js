// Drives fake-okta with Okta's own Node.js client, which knows nothing of the fake: node drive.js PATH-TO-ROLEBOOK.
//
// The fake speaks https here, so the client runs in a process of its own that trusts the fake's authority.
'use strict';

const { spawn } = require('node:child_process');
const { mkdtempSync, readFileSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const path = require('node:path');
const readline = require('node:readline');

const rolebook = path.resolve(process.argv[2]);
const folder = mkdtempSync(path.join(tmpdir(), 'fake-okta-'));

/** Starts the fake with a built-in org, runs one part of client.js against it, and stops it. */
async function drive(org) {
  const flags = ['fake-okta', '--org', org, '--listen', '127.0.0.1:0', '--oauth-key-out', 'key.pem'];
  const fake = spawn(rolebook, flags, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const line = await new Promise((resolve, reject) => {
      readline.createInterface({ input: fake.stdout }).once('line', resolve);
      fake.once('exit', (code) => reject(new Error(`the fake ended with ${code}`)));
    });
    const { url, ca_file, tokens, app_id, service_apps } = JSON.parse(line);
    const key = readFileSync(service_apps.private_key_file, 'utf8');
    const env = {
      PATH: process.env.PATH,
      HOME: folder,
      NODE_EXTRA_CA_CERTS: ca_file,
      FAKE: JSON.stringify({ org, url, tokens, app_id, service_apps, key }),
    };
    const client = spawn(process.execPath, [path.join(__dirname, 'client.js')], { env, cwd: folder, stdio: 'inherit' });
    const code = await new Promise((resolve) => client.once('exit', resolve));
    if (code !== 0) {
      throw new Error(`the client failed on ${org}`);
    }
  } finally {
    fake.kill('SIGTERM');
  }
}

(async () => {
  try {
    await drive('demo');
    await drive('demo-direct');
    await drive('generated');
  } finally {
    rmSync(folder, { recursive: true });
  }
})().catch((error) => {
  console.error(error.message);
  process.exit(1);
});

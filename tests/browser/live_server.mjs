// SPDX-License-Identifier: Apache-2.0
// `halfcycle run` for the browser tests, on a port of its own with its data in a folder of its own.
import { spawn } from 'node:child_process';
import { get } from 'node:https';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const HANG_GUARD_MS = 60_000;

function freePort() {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

/// Asks until the answer is there and what it is asked for is true of it.
export async function until(what, ask) {
  const end = Date.now() + HANG_GUARD_MS;
  let last = '';
  while (Date.now() < end) {
    try {
      const answer = await ask();
      if (answer) {
        return answer;
      }
    } catch (error) {
      last = String(error);
    }
    await sleep(50);
  }
  throw new Error(`${what}: never came. ${last}`);
}

export class LiveServer {
  /// Paths in the options are relative to `folder`.
  constructor(program, folder, options) {
    this.program = program;
    this.folder = folder;
    this.options = options;
    this.output = '';
  }

  async start() {
    this.port ??= await freePort();
    const web = `127.0.0.1:${this.port}`;
    const options = ['run', ...this.options, '--web', web, '--modbus', 'off'];
    this.process = spawn(this.program, options, {
      cwd: this.folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.process.stdout.on('data', (chunk) => (this.output += chunk));
    this.process.stderr.on('data', (chunk) => (this.output += chunk));
    this.ended = new Promise((resolve) => {
      this.process.on('exit', (code) => resolve(`status ${code}`));
      this.process.on('error', (error) => resolve(String(error)));
    });
    const measuring = until('the first sample', async () => {
      const [meter] = await this.api('meters');
      return meter.state === 'measuring';
    });
    const early = this.ended.then((how) => {
      throw new Error(`halfcycle run ended with ${how}: ${this.output}`);
    });
    // The one that comes second no longer matters: a test may end the program as it wishes.
    measuring.catch(() => undefined);
    early.catch(() => undefined);
    await Promise.race([measuring, early]);
  }

  async stop() {
    this.process?.kill('SIGTERM');
    await this.ended;
  }

  get url() {
    return `https://127.0.0.1:${this.port}/`;
  }

  /// The answer of the API as JSON; the certificate is the server's own.
  api(path) {
    return new Promise((resolve, reject) => {
      const options = { rejectUnauthorized: false, agent: false };
      get(`${this.url}api/v1/${path}`, options, (response) => {
        let body = '';
        response.on('data', (chunk) => (body += chunk));
        response.on('end', () => {
          if (response.statusCode === 200) {
            resolve(JSON.parse(body));
          } else {
            reject(new Error(`${path}: ${response.statusCode} ${body}`));
          }
        });
      }).on('error', reject);
    });
  }
}

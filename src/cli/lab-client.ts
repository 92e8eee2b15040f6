import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

import { oneLine } from './display/quantities.ts';

/** The lab could not do what was asked of it. */
export class LabClientError extends Error {
  override readonly name = 'LabClientError';
}

const labStatus = z.object({
  hosts: z.array(z.object({ name: z.string(), uri: z.string(), tcp: z.string() })),
});
const labGuest = z.object({ name: z.string(), uuid: z.string(), disk: z.string() });

export type LabHostPlace = z.infer<typeof labStatus>['hosts'][number];
export type LabGuestPlace = z.infer<typeof labGuest>;

/** How long making a guest may take: it boots. */
const commandTimeoutMs = 120_000;

/**
 * The lab of a checkout, asked through its own command line: it is no part of the published
 * package, so nothing of it can be imported.
 */
export class LabClient {
  readonly #script: string;
  readonly #name: string;

  private constructor(script: string, name: string) {
    this.#script = script;
    this.#name = name;
  }

  /** `null`: this is no checkout. */
  static find(name: string): LabClient | null {
    const root = dirname(fileURLToPath(import.meta.resolve('virtstate/package.json')));
    const script = join(root, 'lab', 'main.ts');
    return existsSync(script) ? new LabClient(script, name) : null;
  }

  /** @throws LabClientError where it is not up, or cannot be on this machine; the message says why */
  async hosts(): Promise<readonly LabHostPlace[]> {
    return labStatus.parse(await this.#ask('status')).hosts;
  }

  async makeGuest(name: string, hostName: string): Promise<LabGuestPlace> {
    return labGuest.parse(await this.#ask('guest', name, '--on', hostName));
  }

  async killDaemon(hostName: string): Promise<void> {
    await this.#ask('daemon', hostName, 'kill');
  }

  async startDaemon(hostName: string): Promise<void> {
    await this.#ask('daemon', hostName, 'start');
  }

  #ask(...words: string[]): Promise<unknown> {
    const own = ['--conditions=virtstate-source', this.#script];
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    execFile(
      process.execPath,
      [...own, ...words, '--name', this.#name, '--json'],
      { timeout: commandTimeoutMs },
      (error, stdout, stderr) => {
        if (error === null) resolve(JSON.parse(stdout));
        else {
          const reason = oneLine(stderr).replace(/^lab: /, '') || error.message;
          reject(new LabClientError(reason, { cause: error }));
        }
      },
    );
    return promise;
  }
}

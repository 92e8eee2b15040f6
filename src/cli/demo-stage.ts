import type { LiveMigrationInput } from '../../machines/index.ts';
import { liveMigrationInput } from '../../machines/index.ts';
import type { Composition } from './compose.ts';
import type { RunEvent } from './display/run-events.ts';

/** What is announced, so that the demonstration can be held against it. */
export type SceneName = 'converges' | 'failsInPerform';

/** One migration of the demonstration, ready to be played. */
export interface Scene {
  readonly composition: Pick<Composition, 'engine' | 'hypervisors'>;
  readonly input: LiveMigrationInput;
  /** What befalls it on the way. */
  readonly onEvent: (event: RunEvent) => void;
  /** Mends and removes whatever was made for it. */
  readonly end: () => Promise<void>;
}

/** Where the demonstration is played. */
export interface Stage {
  readonly kind: 'lab' | 'simulated';
  /** Which world it is, and why this one. */
  readonly words: string;
  prepare(name: SceneName): Promise<Scene>;
}

/** The options of a migration that asks for nothing special: all of its disks are copied. */
export function plainMigration(request: {
  readonly domain: string;
  readonly source: string;
  readonly destination: string;
  readonly destinationConnectUri: string;
  /** 0: unlimited. */
  readonly bandwidthMibPerS: number;
}): LiveMigrationInput {
  const { domain, source, destination, destinationConnectUri, bandwidthMibPerS } = request;
  return liveMigrationInput({
    domain,
    source,
    destination,
    options: { copyStorage: 'all', destinationConnectUri, bandwidthMibPerS },
  });
}

import { afterAll, afterEach, beforeAll, describe, test } from 'vitest';
import { blockJobsCases } from './block-jobs.cases.ts';
import { changingCases } from './changing.cases.ts';
import { claimingCases } from './claiming.cases.ts';
import { clientDrivenCases } from './client-driven.cases.ts';
import { devicesCases } from './devices.cases.ts';
import { diskImagesCases } from './disk-images.cases.ts';
import { Fixture } from './fixture.ts';
import type { TwoHosts } from './fixture.ts';
import { guestAgentCases } from './guest-agent.cases.ts';
import { lookingCases } from './looking.cases.ts';
import { migratingCases } from './migrating.cases.ts';
import { savingCases } from './saving.cases.ts';
import { snapshotsCases } from './snapshots.cases.ts';
import { tuningCases } from './tuning.cases.ts';
import { volumesCases } from './volumes.cases.ts';

/** What must be true, and how it is shown. */
export type Cases = Readonly<Record<string, (fixture: Fixture) => Promise<void>>>;

const cases = {
  looking: lookingCases,
  changing: changingCases,
  claiming: claimingCases,
  migrating: migratingCases,
  'driven by the client': clientDrivenCases,
  tuning: tuningCases,
  volumes: volumesCases,
  'block jobs': blockJobsCases,
  'disk images': diskImagesCases,
  'guest agent': guestAgentCases,
  saving: savingCases,
  devices: devicesCases,
  snapshots: snapshotsCases,
} satisfies Record<string, Cases>;

export type Part = keyof typeof cases;
export const allParts: readonly Part[] = [
  'looking',
  'changing',
  'claiming',
  'migrating',
  'driven by the client',
  'tuning',
  'volumes',
  'block jobs',
  'disk images',
  'guest agent',
  'saving',
  'devices',
  'snapshots',
];

/** What both adapters owe to the port, seen only through the port. */
export function hypervisorContract(
  name: string,
  setup: () => Promise<TwoHosts>,
  options: {
    readonly parts: readonly Part[];
    readonly caseTimeoutMs: number;
    readonly setupTimeoutMs: number;
  },
): void {
  const { caseTimeoutMs, parts, setupTimeoutMs } = options;
  describe(`hypervisor contract: ${name}`, () => {
    let fixture: Fixture;
    beforeAll(async () => {
      fixture = new Fixture(await setup());
    }, setupTimeoutMs);
    afterEach(() => fixture.hosts.run(fixture.clean()), caseTimeoutMs);
    afterAll(() => fixture.hosts.close(), setupTimeoutMs);

    describe.each(parts)('%s', (part) => {
      for (const [title, prove] of Object.entries<Cases[string]>(cases[part]))
        test(title, { timeout: caseTimeoutMs }, () => fixture.hosts.run(prove(fixture)));
    });
  });
}

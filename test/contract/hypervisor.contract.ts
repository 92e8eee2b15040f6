import { afterAll, afterEach, beforeAll, describe, test } from 'vitest';
import { changingCases } from './changing.cases.ts';
import { clientDrivenCases } from './client-driven.cases.ts';
import { Fixture } from './fixture.ts';
import type { TwoHosts } from './fixture.ts';
import { lookingCases } from './looking.cases.ts';
import { migratingCases } from './migrating.cases.ts';
import { tuningCases } from './tuning.cases.ts';
import { volumesCases } from './volumes.cases.ts';

/** What must be true, and how it is shown. */
export type Cases = Readonly<Record<string, (fixture: Fixture) => Promise<void>>>;

/** What both adapters owe to the port, seen only through the port. */
export function hypervisorContract(
  name: string,
  setup: () => Promise<TwoHosts>,
  options: { readonly caseTimeoutMs: number; readonly setupTimeoutMs: number },
): void {
  const { caseTimeoutMs, setupTimeoutMs } = options;
  describe(`hypervisor contract: ${name}`, () => {
    let fixture: Fixture;
    beforeAll(async () => {
      fixture = new Fixture(await setup());
    }, setupTimeoutMs);
    afterEach(() => fixture.hosts.run(fixture.clean()), caseTimeoutMs);
    afterAll(() => fixture.hosts.close(), setupTimeoutMs);

    describe.each([
      ['looking', lookingCases],
      ['changing', changingCases],
      ['migrating', migratingCases],
      ['driven by the client', clientDrivenCases],
      ['tuning', tuningCases],
      ['volumes', volumesCases],
    ])('%s', (_, cases) => {
      for (const [title, prove] of Object.entries(cases))
        test(title, { timeout: caseTimeoutMs }, () => fixture.hosts.run(prove(fixture)));
    });
  });
}

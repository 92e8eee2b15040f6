import { describe, test } from 'vitest';
import type { TestContext } from 'vitest';
import { labAvailability } from '../../lab/index.ts';
import { labMode } from './lab-mode.ts';

declare module 'vitest' {
  interface TaskMeta {
    /** Why a test was not run; the runner prints it. */
    skipReason?: string;
  }
}

async function whyNoLab(): Promise<string | null> {
  if (labMode() === 'off') return 'VIRTSTATE_LAB=off';
  const availability = await labAvailability();
  return availability.ok ? null : availability.reason;
}

const missing = await whyNoLab();

/**
 * A suite that needs a lab. Where none can be made it is skipped and the runner tells why; with
 * `VIRTSTATE_LAB=require` it fails.
 */
export function describeLab(name: string, suite: () => void): void {
  if (missing === null) {
    describe(name, suite);
  } else if (labMode() === 'require') {
    describe(name, () => {
      test('has a lab', () => {
        throw new Error(missing);
      });
    });
  } else {
    describe(name, { skip: true, meta: { skipReason: missing } }, suite);
  }
}

/** The same for a single test: called first in its body. */
export function needsLab(context: TestContext): void {
  if (missing === null) return;
  if (labMode() === 'require') throw new Error(missing);
  context.task.meta.skipReason = missing;
  context.skip(missing);
}

/**
 * A lab's name that no other test run on this machine uses, and that the runner knows as its own:
 * a lab that a killed test leaves up is taken down at the end of the run.
 */
export function labNameFor(purpose: string): string {
  // Without our runner it is vitest itself, the worker's parent, that tells runs apart.
  return `${process.env['VIRTSTATE_TEST_RUN'] ?? `v${process.ppid}`}-${purpose}`;
}

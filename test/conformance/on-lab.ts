import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

import type { Lab } from '../../lab/index.ts';
import { labUp } from '../../lab/index.ts';
import { labNameFor } from '../support/needs.ts';
import { playOnLab } from './lab-play.ts';
import { isRecording, keep, recorded } from './records.ts';
import type { Script } from './script.ts';

/** Real hosts make of each script what they made of it when it was recorded. */
export function playAllOnLab(purpose: string, scripts: readonly Script[]): void {
  let lab: Lab | null = null;
  const current = (): Lab => {
    if (lab === null) throw new Error('the lab is not up yet');
    return lab;
  };
  beforeAll(async () => {
    lab = await labUp({ name: labNameFor(purpose), hosts: 2 });
  }, 180_000);
  afterEach(() => current().reset(), 60_000);
  afterAll(() => lab?.down(), 60_000);

  test.for(scripts)('$name', { timeout: 240_000 }, async (script) => {
    const record = await playOnLab(script, current());
    if (isRecording) keep(script, record);
    expect(record).toEqual(recorded(script));
  });
}

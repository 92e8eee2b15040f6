import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

import { compared, differences } from './differences.ts';
import { recorded } from './records.ts';
import { scripts } from './scripts/all.ts';
import { playSimulated } from './simulated-play.ts';

describe('the simulated world comes to what real hosts came to:', () => {
  test.for(scripts)('$name', async (script) => {
    const { name } = script;
    const simulated = await playSimulated(script);
    expect(compared(name, simulated)).toEqual(compared(name, recorded(script)));
  });
});

describe('what is left of differences', () => {
  const told = readFileSync(join(import.meta.dirname, '..', 'contract', 'DIFFERENCES.md'), 'utf8');

  test('are five at most', () => {
    expect(differences.length).toBeLessThanOrEqual(5);
  });

  test.for(differences)('$script is told with its reason, and is one still', async (difference) => {
    const { at, script: name } = difference;
    expect(told).toContain(`\`${name}\``);
    const script = scripts.find((each) => each.name === name);
    if (script === undefined) throw new Error(`there is no script ${name}`);
    const simulated = await playSimulated(script);
    expect(simulated[at.part][at.key]).not.toEqual(recorded(script)[at.part][at.key]);
  });
});

test('there are scripts enough, each of a name of its own', () => {
  expect(scripts.length).toBeGreaterThanOrEqual(40);
  expect(scripts.filter(({ isFault }) => isFault).length).toBeGreaterThanOrEqual(15);
  expect(new Set(scripts.map(({ name }) => name)).size).toBe(scripts.length);
});

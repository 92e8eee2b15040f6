import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import {
  convergencePresets,
  patient,
} from '../../../machines/policy/migration/convergence-presets.ts';
import { readPolicy } from '../../../src/cli/options/policy-file.ts';
import { UsageError } from '../../../src/cli/options/usage-error.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'virtstate-policy-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function fileWith(text: string): Promise<string> {
  const path = join(folder, 'policy.json');
  await writeFile(path, text);
  return path;
}

const refused = async (text: string): Promise<unknown> =>
  readPolicy(await fileWith(text)).catch((error: unknown) => error);

test.each(Object.entries(convergencePresets))('%s is a preset', async (name, preset) => {
  await expect(readPolicy(name)).resolves.toEqual(preset);
});

test.each(Object.entries(convergencePresets))(
  '%s, written to a file, is read as the same',
  async (_, preset) => {
    await expect(readPolicy(await fileWith(JSON.stringify(preset)))).resolves.toEqual(preset);
  },
);

test('what a file leaves out is as without a policy', async () => {
  const path = await fileWith('{"convergence":{"stallPasses":3,"onStall":"abort"}}');
  await expect(readPolicy(path)).resolves.toEqual({
    autoConverge: false,
    convergence: { ...patient, stallPasses: 3, onStall: 'abort' },
  });
  await expect(readPolicy(await fileWith('{}'))).resolves.toEqual({
    autoConverge: false,
    convergence: patient,
  });
});

describe('a file that is no policy is refused in one line', () => {
  test.each([
    ['no JSON', '{', 'is no JSON'],
    ['a list', '[]', 'is no policy'],
    ['an unknown field', '{"convergence":{"onTimeout":"abort"}}', 'onTimeout'],
    ['an unknown action', '{"convergence":{"onStall":"pray"}}', 'convergence.onStall: '],
    ['half a ramp', '{"convergence":{"downtime":{"startMs":5}}}', 'convergence.downtime.limitMs'],
    [
      'a ramp that falls',
      '{"convergence":{"downtime":{"startMs":9,"limitMs":5,"steps":1,"stepMsPerGib":1}}}',
      'startMs must not be above limitMs',
    ],
    [
      'too many steps',
      '{"convergence":{"downtime":{"startMs":1,"limitMs":5,"steps":1e9,"stepMsPerGib":1}}}',
      'convergence.downtime.steps',
    ],
    [
      'a budget of nothing',
      '{"convergence":{"budget":{"baseMs":0,"msPerGib":0}}}',
      'must not both be 0',
    ],
    ['a fraction', '{"convergence":{"stallPasses":1.5}}', 'convergence.stallPasses'],
    ['too large a file', ' '.repeat(64 * 1_024 + 1), 'larger than 64 KiB'],
  ])('%s', async (_, text, words) => {
    const error = await refused(text);
    expect(error).toBeInstanceOf(UsageError);
    expect(String(error)).toContain(words);
    expect(String(error)).not.toContain('\n');
  });
});

test('a name that is neither a preset nor a path tells what there is', async () => {
  await expect(readPolicy('hasty')).rejects.toThrow(
    '--policy "hasty" is not known; there is minimal-downtime, must-converge, gentle, or the path',
  );
});

test('a device without end is read no further than the bound', async () => {
  await expect(readPolicy('/dev/zero')).rejects.toThrow('larger than 64 KiB');
});

test('a file that is not there is refused, with its name', async () => {
  await expect(readPolicy('/no/such.json')).rejects.toThrow('--policy /no/such.json cannot be');
});

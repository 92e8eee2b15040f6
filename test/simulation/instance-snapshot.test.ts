import { describe, expect, test } from 'vitest';

import type { Fault } from '../../src/adapters/simulated/index.ts';
import { hostUri } from '../support/simulated-host.ts';
import { imageSimulated, store } from '../support/simulated-image.ts';

const own = ['/backup/nightly.json', '/backup/nightly.qcow2', '/images/guest.qcow2'];

describe('an image of a guest', () => {
  test('that runs is taken while it runs, and is found in the store', async () => {
    const { files, guest, kept, output, states, tick } = await imageSimulated();
    expect(states).toContain('takingLive');
    expect(output).toMatchObject({ outcome: 'completed', way: 'live', image: kept });
    expect(kept).toMatchObject({
      name: 'nightly',
      format: 'qcow2',
      source: { host: hostUri, domainName: 'guest', targetDev: 'vda' },
    });
    expect(tick).toBeGreaterThan(40);
    expect(files.toSorted()).toEqual(own);
    expect(guest).toMatchObject({ state: 'running', claims: [] });
  });

  test('that is shut off is taken as it lies', async () => {
    const { files, kept, output } = await imageSimulated({ guest: { state: 'shutoff' } });
    expect(output).toMatchObject({ outcome: 'completed', way: 'offline', consistency: 'crash' });
    expect(kept?.consistency).toBe('crash');
    expect(files.toSorted()).toEqual(own);
  });

  test('whose live way fails is taken at rest', async () => {
    const faults: Fault[] = [{ at: { call: 'copyBlock' }, do: 'refuse' }];
    const { files, guest, output, states } = await imageSimulated({ faults });
    expect(states).toContain('takingCold');
    expect(output).toMatchObject({ outcome: 'completed', failure: null, way: 'cold' });
    expect(output.notes).toHaveLength(1);
    expect(files.toSorted()).toEqual(own);
    expect(guest).toMatchObject({ state: 'running', claims: [] });
  });

  test('that may not stand still comes to nothing then, and leaves nothing', async () => {
    const faults: Fault[] = [{ at: { call: 'copyBlock' }, do: 'refuse' }];
    const { files, kept, output } = await imageSimulated({ faults, input: { mayFallBack: false } });
    expect(output).toMatchObject({ outcome: 'rolledBack', artefacts: [] });
    expect(kept).toBeNull();
    expect(files).toEqual(['/images/guest.qcow2']);
  });

  test.each([
    ['a slash in its name', { name: 'a/b' }, 'nameValid'],
    ['no such domain', { domain: 'other' }, 'domainExists'],
    ['a format that nobody writes', { format: 'doc' }, 'someWay'],
    ['a directory that is not there', { store: { ...store, directory: '/none' } }, 'someWay'],
    ['a live way for a guest that does not run', { way: 'live' }, 'someWay'],
  ] as const)('is refused for %s', async (_, input, code) => {
    const guest = 'way' in input ? ({ state: 'shutoff' } as const) : {};
    const { files, output } = await imageSimulated({ guest, input });
    expect(output).toMatchObject({ outcome: 'refused', failure: { code } });
    expect(files).toEqual(['/images/guest.qcow2']);
  });

  test.each(['takingLive', 'keeping.storing'])(
    'is whole although its process died in %s',
    async (deathIn) => {
      const { files, kept, output } = await imageSimulated({ deathIn });
      expect(output).toMatchObject({ outcome: 'completed', image: kept });
      expect(files.toSorted()).toEqual(own);
    },
  );

  test('that the store does not take goes away again', async () => {
    const faults: Fault[] = Array.from({ length: 200 }, () => ({
      at: { call: 'checksumFile' },
      do: 'refuse',
    }));
    const { files, kept, output } = await imageSimulated({ faults });
    expect(output).toMatchObject({ outcome: 'rolledBack' });
    expect(kept).toBeNull();
    expect(files).toEqual(['/images/guest.qcow2']);
  });
});

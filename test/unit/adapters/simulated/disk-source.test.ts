import { describe, expect, test } from 'vitest';

import { sourceAt } from '../../../../src/adapters/simulated/disk-source.ts';
import { placeOf } from '../../../../src/ports/disk-source.ts';

describe('the source that a place of the simulated world is', () => {
  test.each([
    ['/images/a.qcow2', { kind: 'file' }],
    ['/dev/vg/a', { kind: 'block' }],
    ['nbd://store:10809/a%20b', { kind: 'nbd', exportName: 'a b' }],
    ['nbd://[::1]:1234/', { kind: 'nbd', host: { transport: 'tcp', name: '::1', port: 1234 } }],
    [
      'nbd+unix:///vol?socket=%2Frun%2Fs',
      { kind: 'nbd', host: { transport: 'unix', socket: '/run/s' }, exportName: 'vol' },
    ],
    ['rbd:vms/a', { kind: 'rbd', image: 'vms/a' }],
  ])('%s, and the other way round', (place, source) => {
    expect(sourceAt(place)).toMatchObject(source);
    expect(placeOf(sourceAt(place))).toBe(place);
  });
});

import { expect, test } from 'vitest';
import { placeOf, toolPlaceOf } from '../../../src/ports/disk-source.ts';

const rbd = (image: string) =>
  ({ kind: 'rbd', image, monitors: [], auth: null, configPath: null }) as const;
const auth = { user: 'me', secretUuid: '7a5c43a0-0000-4000-8000-000000000000' };

test('a tool is told who it is on a cluster, and the place is the same for everybody', () => {
  const source = { ...rbd('vms/a'), auth, configPath: '/etc/ceph/two.conf' };
  expect(placeOf(source)).toBe('rbd:vms/a');
  expect(toolPlaceOf(source)).toBe('rbd:vms/a:id=me:conf=/etc/ceph/two.conf');
  expect(toolPlaceOf(rbd('vms/a'))).toBe('rbd:vms/a');
  expect(toolPlaceOf({ kind: 'file', path: '/images/a' })).toBe('/images/a');
});

test('the name of an image is no option for a tool', () => {
  expect(toolPlaceOf(rbd('vms/a:conf=/x'))).toBe(String.raw`rbd:vms/a\:conf\=/x`);
});

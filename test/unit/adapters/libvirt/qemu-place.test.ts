import { expect, test } from 'vitest';
import { placeInQemu } from '../../../../src/adapters/libvirt/qemu-place.ts';

/** As QEMU 7.2 was seen to say it. */
test.each([
  ['/images/a.qcow2', '/images/a.qcow2'],
  ['nbd://127.0.0.1:10809/vol', 'nbd://127.0.0.1:10809/vol'],
  ['nbd+unix:///vol?socket=/run/a.sock', 'nbd+unix:///vol?socket=%2Frun%2Fa.sock'],
  [
    'json:{"driver": "raw", "file": {"pool": "vms", "image": "a", "server.0.host": "10.0.0.1", "driver": "rbd", "server.0.port": "6789", "user": "me"}}',
    'rbd:vms/a',
  ],
  ['json:{"pool": "vms", "namespace": "n", "image": "a", "driver": "rbd"}', 'rbd:vms/n/a'],
  [
    'json:{"backing": null, "driver": "qcow2", "file": {"driver": "file", "filename": "/images/a.s"}}',
    '/images/a.s',
  ],
  ['json:{"driver": "blkdebug"}', 'json:{"driver": "blkdebug"}'],
  ['json:{', 'json:{'],
])('QEMU has %s open', (file, place) => {
  expect(placeInQemu(file)).toBe(place);
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';

import { readSwap } from '../../../../src/cli/options/swap-options.ts';
import { UsageError } from '../../../../src/cli/options/usage-error.ts';

/** As commander hands them over. */
const plain = { on: 'qemu:///system', peerWait: '120' };
const read = (options: object, disk: string | undefined = 'vda') =>
  readSwap('guest', disk, { ...plain, ...options });

const folder = mkdtempSync(join(tmpdir(), 'virtstate-swap-'));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
function specOf(text: string): string {
  files += 1;
  const path = join(folder, `${files}.json`);
  writeFileSync(path, text);
  return path;
}
const spec = (value: unknown): { to: string } => ({ to: specOf(JSON.stringify(value)) });

const rbd = { kind: 'rbd', image: 'pool/vm', monitors: [], auth: null, configPath: null };
const tcp = (name: string, port: number | null) => ({ transport: 'tcp', name, port });

describe('the new volume in one word', () => {
  test.each([
    ['/images/a.qcow2', { kind: 'file', path: '/images/a.qcow2' }, 'qcow2'],
    ['/dev/vg/a', { kind: 'block', path: '/dev/vg/a' }, 'raw'],
    ['/dev/shm/a', { kind: 'file', path: '/dev/shm/a' }, 'qcow2'],
    ['rbd:pool/vm', rbd, 'raw'],
    ['nbd://h:10810/a', { kind: 'nbd', host: tcp('h', 10_810), exportName: 'a' }, 'raw'],
    ['nbd://h', { kind: 'nbd', host: tcp('h', null), exportName: '' }, 'raw'],
    ['nbd://[::1]:1/a', { kind: 'nbd', host: tcp('::1', 1), exportName: 'a' }, 'raw'],
    [
      'nbd+unix:///a%20b?socket=/run/s',
      { kind: 'nbd', host: { transport: 'unix', socket: '/run/s' }, exportName: 'a b' },
      'raw',
    ],
  ])('%s', async (to, source, format) => {
    await expect(read({ to })).resolves.toMatchObject({ disks: [{ to: { source, format } }] });
  });
});

test('every option has its place in what is asked', async () => {
  const asked = await read({
    to: '/images/a',
    format: 'raw',
    create: true,
    resize: '20G',
    bandwidth: '100',
    timeout: '60',
    keepOld: true,
    shallow: true,
    breakClaim: 'r1',
  });
  expect(asked).toEqual({
    domain: 'guest',
    host: 'qemu:///system',
    disks: [
      {
        targetDev: 'vda',
        to: { source: { kind: 'file', path: '/images/a' }, format: 'raw' },
        create: true,
        resizeBytes: 20 * 2 ** 30,
      },
    ],
    shallow: true,
    oldVolume: 'confirm',
    bandwidthMibPerS: 100,
    timeoutMs: 60_000,
    stallMs: expect.any(Number),
    peerWaitMs: 120_000,
    breakClaims: ['r1'],
  });
});

test.each([
  [{}, 'leave'],
  [{ keepOld: true }, 'confirm'],
  [{ deleteOld: true }, 'delete'],
])('what becomes of the old volume by %o', async (options, oldVolume) => {
  await expect(read({ to: '/a', ...options })).resolves.toMatchObject({ oldVolume });
});

describe('FILE.json', () => {
  test('orders several disks, and the options say what it leaves out', async () => {
    const orders = [
      { disk: 'vda', to: '/new/a', format: 'raw', create: false },
      { disk: 'vdb', to: { kind: 'file', path: '/new/b' }, resizeBytes: 1024 },
    ];
    await expect(
      readSwap('guest', undefined, { ...plain, ...spec(orders), create: true }),
    ).resolves.toMatchObject({
      disks: [
        { targetDev: 'vda', to: { format: 'raw' }, create: false, resizeBytes: null },
        { targetDev: 'vdb', to: { format: 'qcow2' }, create: true, resizeBytes: 1024 },
      ],
    });
  });

  test('has all that a word has no room for', async () => {
    const source = {
      kind: 'rbd',
      image: 'pool/vm',
      monitors: [{ transport: 'tcp', name: '10.0.0.1', port: 3300 }],
      auth: { user: 'libvirt', secretUuid: '8a0c1b1e-3f4c-4c56-9d1e-0a1b2c3d4e5f' },
      configPath: '/etc/ceph/ceph.conf',
    };
    await expect(read(spec({ to: source }))).resolves.toMatchObject({
      disks: [{ targetDev: 'vda', to: { source, format: 'raw' } }],
    });
  });

  test.each([
    [[], 'is empty: name at least one disk'],
    [{}, 'json: to must be a place in one word, or have a kind'],
    [{ to: { kind: 'iscsi' } }, 'json: to.kind must be a place in one word, or have a kind'],
    [{ to: 'images/a' }, 'json: to is no place of a disk'],
    [{ to: '/a', format: 'floppy' }, 'json: format "floppy" is not known; there is qcow2, raw'],
    [{ to: '/a', size: 1 }, 'json: Unrecognized key: "size"'],
    [{ to: '/a', resizeBytes: 1000 }, 'json: resizeBytes must be a multiple of 512'],
    [{ to: '/a', disk: 'vdb' }, 'json: disk is vdb, and the command line says vda'],
    [[{ disk: 'vda', to: '/a' }, { to: 'rbd:x' }], 'json: [1].to is no rbd:POOL/IMAGE'],
    [
      [{ to: { kind: 'nbd', host: { transport: 'tcp', name: 'h', port: 0 } } }],
      'json: [0].to.host.port',
    ],
    [{ to: { kind: 'nbd', host: 'h' } }, 'json: to.host must have a transport'],
  ])('%j is refused by the name of its field', async (value, words) => {
    const asked = read(spec(value));
    await expect(asked).rejects.toThrow(UsageError);
    await expect(asked).rejects.toThrow(words);
  });

  test('without a disk that anybody named is none', async () => {
    const asked = readSwap('guest', undefined, { ...plain, ...spec([{ to: '/a' }]) });
    await expect(asked).rejects.toThrow('json: [0].disk is missing');
  });

  test('of several disks has the size of each', async () => {
    const orders = spec([
      { disk: 'vda', to: '/a' },
      { disk: 'vdb', to: '/b' },
    ]);
    const asked = readSwap('guest', undefined, { ...plain, ...orders, resize: '1G' });
    await expect(asked).rejects.toThrow('--resize is of one disk');
  });

  test('that is no JSON, or is not there', async () => {
    await expect(read({ to: specOf('{') })).rejects.toThrow('is no JSON');
    await expect(read({ to: join(folder, 'none.json') })).rejects.toThrow('cannot be read: ENOENT');
  });
});

test.each([
  [{ to: 'a' }, '--to "a" is no place of a disk'],
  [{ to: '' }, '--to must name the new volume'],
  [{ to: 'rbd:pool' }, '--to "rbd:pool" is no rbd:POOL/IMAGE'],
  [{ to: 'rbd:pool/a:id=x' }, 'is no rbd:POOL/IMAGE (monitors and a user are named in a FILE.json'],
  [{ to: 'nbd:x' }, 'must name a host'],
  [{ to: 'nbd://u:p@h/x' }, 'must name nothing but a host'],
  [{ to: 'nbd://h/%ff' }, 'has an export that cannot be decoded'],
  [{ to: 'nbd://h/x?socket=/s' }, 'takes no parameters'],
  [{ to: 'nbd+unix:///x?socket=s' }, 'must name its socket'],
  [{ to: 'nbd+unix:///x?socket=/s&a=b' }, 'must name its socket, and nothing else'],
  [{ to: '/a', keepOld: true, deleteOld: true }, '--keep-old and --delete-old exclude each other'],
  [{ to: '/a', format: 'vmdk' }, '--format "vmdk" is not known; there is qcow2, raw'],
  [{ to: '/a', resize: '1X' }, '--resize "1X" is no size'],
  [{ to: '/a', resize: '1000' }, '--resize must be a multiple of 512 bytes'],
  [{ to: '/a', resize: '9999999999999T' }, '--resize is too large'],
  [{ to: '/a', bandwidth: '0' }, '--bandwidth "0" is not a whole number'],
  [{ to: '/a', timeout: '0' }, '--timeout "0" is not a whole number'],
])('%o is refused in one line', async (options, words) => {
  const asked = read(options);
  await expect(asked).rejects.toThrow(UsageError);
  await expect(asked).rejects.toThrow(words);
});

test('a disk is named by somebody, as the guest has it', async () => {
  await expect(readSwap('guest', undefined, { ...plain, to: '/a' })).rejects.toThrow(
    'DISK is missing',
  );
  await expect(read({ to: '/a' }, '/dev/sda')).rejects.toThrow('DISK "/dev/sda" is no name');
});

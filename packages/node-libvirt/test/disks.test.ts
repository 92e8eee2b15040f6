import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  blockCommitFlags,
  blockCopyFlags,
  blockJobAbortFlags,
  blockJobBandwidthFlags,
  blockPullFlags,
  blockRebaseFlags,
  blockResizeFlags,
  ConnectionLostError,
  EncodeError,
} from '../src/index.ts';
import { absent, present, str, u32, u64 } from './bytes.ts';
import { CallFixture, concat, guestHandle, param, type CallExample } from './call-fixture.ts';

let fixture: CallFixture;
beforeEach(async () => {
  fixture = await CallFixture.open();
});
afterEach(async () => {
  await fixture[Symbol.asyncDispose]();
});

const vda = concat(guestHandle, str('vda'));

describe("calls on a domain's disks", () => {
  it.each<[string, CallExample]>([
    [
      'getBlockInfo',
      {
        call: (guest) => guest.getBlockInfo('vda'),
        procedure: 194,
        sends: concat(vda, u32(0)),
        reply: concat(u64(1n), u64(2n), u64(3n)),
        result: { allocationBytes: 1, capacityBytes: 2, physicalBytes: 3 },
      },
    ],
    [
      'blockResize',
      {
        call: (guest) => guest.blockResize('vda', 2n ** 60n, { flags: blockResizeFlags.BYTES }),
        procedure: 251,
        sends: concat(vda, u64(2n ** 60n), u32(1)),
      },
    ],
    [
      'getDiskErrors',
      {
        call: (guest) => guest.getDiskErrors(),
        procedure: 263,
        sends: concat(guestHandle, u32(256), u32(0)),
        reply: concat(u32(2), str('vda'), u32(2), str('vdb'), u32(9), u32(2)),
        result: [
          { disk: 'vda', error: 'no-space', errorNumber: 2 },
          { disk: 'vdb', error: 'unknown', errorNumber: 9 },
        ],
      },
    ],
    [
      'blockCopy',
      {
        call: (guest) =>
          guest.blockCopy(
            'vda',
            '<disk/>',
            { bandwidth: 5, granularity: 65_536, 'buf-size': 2n ** 40n },
            { flags: blockCopyFlags.SHALLOW | blockCopyFlags.TRANSIENT_JOB },
          ),
        procedure: 345,
        sends: concat(
          vda,
          str('<disk/>'),
          u32(3),
          param.ullong('bandwidth', 5n),
          param.uint('granularity', 65_536),
          param.ullong('buf-size', 2n ** 40n),
          u32(5),
        ),
      },
    ],
    [
      'blockCopy without parameters',
      {
        call: (guest) => guest.blockCopy('vda', '<disk/>'),
        procedure: 345,
        sends: concat(vda, str('<disk/>'), u32(0), u32(0)),
      },
    ],
    [
      'blockRebase',
      {
        call: (guest) =>
          guest.blockRebase('vda', { base: '/b', bandwidth: 7, flags: blockRebaseFlags.RELATIVE }),
        procedure: 266,
        sends: concat(vda, present(str('/b')), u64(7n), u32(16)),
      },
    ],
    [
      'blockRebase of the whole chain',
      {
        call: (guest) => guest.blockRebase('vda'),
        procedure: 266,
        sends: concat(vda, absent, u64(0n), u32(0)),
      },
    ],
    [
      'blockCommit',
      {
        call: (guest) =>
          guest.blockCommit('vda', { base: '/b', top: '/t', flags: blockCommitFlags.DELETE }),
        procedure: 290,
        sends: concat(vda, present(str('/b')), present(str('/t')), u64(0n), u32(2)),
      },
    ],
    [
      'blockCommit of the active image',
      {
        call: (guest) => guest.blockCommit('vda', { flags: blockCommitFlags.ACTIVE }),
        procedure: 290,
        sends: concat(vda, absent, absent, u64(0n), u32(4)),
      },
    ],
    [
      'blockPull',
      {
        call: (guest) =>
          guest.blockPull('vda', { bandwidth: 9, flags: blockPullFlags.BANDWIDTH_BYTES }),
        procedure: 240,
        sends: concat(vda, u64(9n), u32(64)),
      },
    ],
    [
      'blockJobAbort',
      {
        call: (guest) => guest.blockJobAbort('vda', { flags: blockJobAbortFlags.PIVOT }),
        procedure: 237,
        sends: concat(vda, u32(2)),
      },
    ],
    [
      'blockJobSetSpeed',
      {
        call: (guest) =>
          guest.blockJobSetSpeed('vda', 10, { flags: blockJobBandwidthFlags.BANDWIDTH_BYTES }),
        procedure: 239,
        sends: concat(vda, u64(10n), u32(1)),
      },
    ],
    [
      'getBlockJobInfo',
      {
        call: (guest) => guest.getBlockJobInfo('vda', { flags: 1 }),
        procedure: 238,
        sends: concat(vda, u32(1)),
        reply: concat(u32(1), u32(4), u64(0n), u64(5n), u64(6n)),
        result: { type: 'active-commit', typeNumber: 4, bandwidth: 0, cursor: 5, end: 6 },
      },
    ],
    [
      'getBlockJobInfo without a job',
      {
        call: (guest) => guest.getBlockJobInfo('vda'),
        procedure: 238,
        sends: concat(vda, u32(0)),
        reply: concat(u32(0), u32(0), u64(0n), u64(0n), u64(0n)),
        result: null,
      },
    ],
  ])('%s', (_name, example) => fixture.expectExample(example));

  it('refuse what does not fit, before anything is sent', async () => {
    const { guest, peer } = fixture;
    await expect(guest.blockResize('vda', 1.5)).rejects.toThrow(EncodeError);
    await expect(guest.blockPull('vda', { bandwidth: -1 })).rejects.toThrow(EncodeError);
    await expect(guest.blockCopy('vda', '<disk/>', { granularity: 2 ** 32 })).rejects.toThrow(
      EncodeError,
    );
    expect(peer.waitingCalls).toBe(0);
  });

  it('hang up on more disk errors than libvirt ever tells', async () => {
    const { made, call } = await fixture.asked(fixture.guest.getDiskErrors());
    const errors = Array.from({ length: 257 }, () => concat(str('vda'), u32(1)));
    fixture.peer.reply(call, concat(u32(257), ...errors, u32(257)));
    await expect(made).rejects.toThrow(ConnectionLostError);
  });
});

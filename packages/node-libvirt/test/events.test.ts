import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DomainEventKind } from '../src/index.ts';
import * as bytes from './bytes.ts';
import { callbackId, EventFixture } from './event-fixture.ts';

const { u32, u64, str, domain, present, absent } = bytes;
const register = { remote: 316, qemu: 4 };
const deregister = { qemu: 5 };
let fixture: EventFixture;

beforeEach(async () => {
  fixture = await EventFixture.open();
});

afterEach(async () => {
  await fixture[Symbol.asyncDispose]();
});

describe('domain events', () => {
  const head = Buffer.concat([u32(callbackId), domain('guest')]);
  it.each<[DomainEventKind, number, number, Buffer, object]>([
    [
      'lifecycle',
      0,
      318,
      Buffer.concat([u32(3), u32(1)]),
      { event: 'suspended', detail: 'migrated', eventNumber: 3, detailNumber: 1 },
    ],
    [
      'lifecycle',
      0,
      318,
      Buffer.concat([u32(5), u32(99)]),
      { event: 'stopped', detail: 'unknown', eventNumber: 5, detailNumber: 99 },
    ],
    [
      'lifecycle',
      0,
      318,
      Buffer.concat([u32(77), u32(0)]),
      { event: 'unknown', detail: 'unknown', eventNumber: 77, detailNumber: 0 },
    ],
    [
      'ioErrorReason',
      6,
      324,
      Buffer.concat([str('/disk'), str('virtio-disk0'), u32(1), str('enospc')]),
      {
        sourcePath: '/disk',
        deviceAlias: 'virtio-disk0',
        action: 'pause',
        actionNumber: 1,
        reason: 'enospc',
      },
    ],
    ['deviceRemoved', 15, 333, str('net0'), { deviceAlias: 'net0' }],
    [
      'blockJob2',
      16,
      339,
      Buffer.concat([str('vda'), u32(2), u32(3)]),
      { disk: 'vda', type: 'copy', typeNumber: 2, status: 'ready', statusNumber: 3 },
    ],
    [
      'agentLifecycle',
      18,
      348,
      Buffer.concat([u32(1), u32(2)]),
      { state: 'connected', stateNumber: 1, reason: 'channel', reasonNumber: 2 },
    ],
    ['deviceAdded', 19, 354, str('ua-rng'), { deviceAlias: 'ua-rng' }],
    ['migrationIteration', 20, 359, u32(4), { iteration: 4 }],
    [
      'jobCompleted',
      21,
      363,
      Buffer.concat([
        u32(2),
        str('operation'),
        u32(1),
        u32(5),
        str('data_total'),
        u32(4),
        u64(2n ** 60n),
      ]),
      { stats: { operation: 5, data_total: 2n ** 60n } },
    ],
    ['deviceRemovalFailed', 22, 367, str('net0'), { deviceAlias: 'net0' }],
  ])('%s: registration %d, message %d', async (kind, eventId, procedure, payload, expected) => {
    const events = fixture.heard(kind);
    const { call } = await fixture.agree(fixture.connection.subscribe(kind));
    expect([call.procedure, call.payload]).toEqual([
      register.remote,
      Buffer.concat([u32(eventId), absent]),
    ]);
    fixture.peer.event(procedure, Buffer.concat([head, payload]));
    await fixture.fence();
    expect(events).toMatchObject([
      { ...expected, domain: { name: 'guest', uuid: bytes.sampleUuid, id: 7 } },
    ]);
  });

  it("hands QEMU's own events on, parsed", async () => {
    const events = fixture.heard('qemuMonitorEvent');
    const { call, subscription } = await fixture.agree(
      fixture.connection.subscribe('qemuMonitorEvent'),
    );
    expect([call.program, call.procedure]).toEqual([bytes.qemuProgram, register.qemu]);
    const send = (details: Buffer): void => {
      const rest = [str('MIGRATION'), u64(1_700_000_000n), u32(42), details];
      fixture.peer.event(6, Buffer.concat([head, ...rest]), bytes.qemuProgram);
    };
    send(present(str('{"status":"active"}')));
    send(absent);
    await fixture.fence();
    expect(events).toMatchObject([
      { event: 'MIGRATION', seconds: 1_700_000_000, micros: 42, details: { status: 'active' } },
      { event: 'MIGRATION', details: null },
    ]);
    const ended = subscription.unsubscribe();
    const goodbye = await fixture.peer.nextCall();
    expect([goodbye.program, goodbye.procedure]).toEqual([bytes.qemuProgram, deregister.qemu]);
    fixture.peer.reply(goodbye);
    await ended;
  });

  it('emits QEMU events of the wanted names only', async () => {
    const events = fixture.heard('qemuMonitorEvent');
    await fixture.agree(fixture.connection.subscribe('qemuMonitorEvent', { qemuEvents: ['STOP'] }));
    for (const name of ['RESUME', 'STOP']) {
      const rest = [str(name), u64(1n), u32(0), absent];
      fixture.peer.event(6, Buffer.concat([head, ...rest]), bytes.qemuProgram);
    }
    await fixture.fence();
    expect(events.map(({ event }) => event)).toEqual(['STOP']);
  });
});

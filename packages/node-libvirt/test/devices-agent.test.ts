import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  agentTimeouts,
  ConnectionLostError,
  deviceModifyFlags,
  EncodeError,
  isAgentUnavailable,
  ProtocolError,
  setTimeFlags,
} from '../src/index.ts';
import { absent, present, qemuProgram, str, u32, u64 } from './bytes.ts';
import { CallFixture, concat, guestHandle, type CallExample } from './call-fixture.ts';

let fixture: CallFixture;
beforeEach(async () => {
  fixture = await CallFixture.open();
});
afterEach(async () => {
  await fixture[Symbol.asyncDispose]();
});

const { LIVE, CONFIG, FORCE } = deviceModifyFlags;
const device = concat(guestHandle, str('<rng/>'));
const command = (json: string, timeoutSeconds: number): Buffer =>
  concat(guestHandle, str(json), u32(timeoutSeconds), u32(0));

describe("calls on a domain's devices", () => {
  it.each<[string, CallExample]>([
    [
      'attachDeviceFlags',
      {
        call: (guest) => guest.attachDeviceFlags('<rng/>', { flags: LIVE | CONFIG }),
        procedure: 160,
        sends: concat(device, u32(3)),
      },
    ],
    [
      'detachDeviceFlags',
      {
        call: (guest) => guest.detachDeviceFlags('<rng/>', { flags: LIVE }),
        procedure: 161,
        sends: concat(device, u32(1)),
      },
    ],
    [
      'updateDeviceFlags',
      {
        call: (guest) => guest.updateDeviceFlags('<rng/>', { flags: FORCE }),
        procedure: 174,
        sends: concat(device, u32(4)),
      },
    ],
    [
      'detachDeviceAlias',
      {
        call: (guest) => guest.detachDeviceAlias('ua-rng', { flags: LIVE }),
        procedure: 392,
        sends: concat(guestHandle, str('ua-rng'), u32(1)),
      },
    ],
    [
      'getControlInfo',
      {
        call: (guest) => guest.getControlInfo(),
        procedure: 229,
        sends: concat(guestHandle, u32(0)),
        reply: concat(u32(3), u32(2), u64(1_500n)),
        result: { state: 'error', stateNumber: 3, reason: 'monitor', stateTimeMs: 1_500 },
      },
    ],
  ])('%s', (_name, example) => fixture.expectExample(example));
});

describe("calls to the guest's agent", () => {
  it.each<[string, CallExample]>([
    [
      'fsFreeze',
      {
        call: (guest) => guest.fsFreeze({ mountpoints: ['/', '/data'] }),
        procedure: 335,
        sends: concat(guestHandle, u32(2), str('/'), str('/data'), u32(0)),
        reply: u32(2),
        result: 2,
      },
    ],
    [
      'fsThaw of all',
      {
        call: (guest) => guest.fsThaw(),
        procedure: 336,
        sends: concat(guestHandle, u32(0), u32(0)),
        reply: u32(3),
        result: 3,
      },
    ],
    [
      'getFSInfo',
      {
        call: (guest) => guest.getFSInfo(),
        procedure: 349,
        sends: concat(guestHandle, u32(0)),
        reply: concat(
          u32(1),
          concat(str('/'), str('vda1'), str('ext4')),
          concat(u32(2), str('vda'), str('vdb')),
          u32(1),
        ),
        result: [{ mountpoint: '/', name: 'vda1', type: 'ext4', disks: ['vda', 'vdb'] }],
      },
    ],
    [
      'getTime',
      {
        call: (guest) => guest.getTime(),
        procedure: 337,
        sends: concat(guestHandle, u32(0)),
        reply: concat(u64(-5n), u32(7)),
        result: { seconds: -5, nanoseconds: 7 },
      },
    ],
    [
      'setTime',
      {
        call: (guest) =>
          guest.setTime({ seconds: 5, nanoseconds: 7 }, { flags: setTimeFlags.SYNC }),
        procedure: 338,
        sends: concat(guestHandle, u64(5n), u32(7), u32(1)),
      },
    ],
    [
      'agentSetResponseTimeout',
      {
        call: (guest) => guest.agentSetResponseTimeout(agentTimeouts.BLOCK),
        procedure: 420,
        sends: concat(guestHandle, u32(-2), u32(0)),
        reply: u32(0),
      },
    ],
    [
      'agentCommand',
      {
        call: (guest) => guest.agentCommand('guest-ping', undefined, { timeoutSeconds: 3 }),
        program: qemuProgram,
        procedure: 3,
        sends: command('{"execute":"guest-ping"}', 3),
        reply: present(str('{"return":{}}')),
        result: {},
      },
    ],
    [
      'agentCommand with arguments',
      {
        call: (guest) => guest.agentCommand('guest-file-close', { handle: 4 }),
        program: qemuProgram,
        procedure: 3,
        sends: command('{"execute":"guest-file-close","arguments":{"handle":4}}', -1),
        reply: present(str('{"return":"thawed"}')),
        result: 'thawed',
      },
    ],
    [
      'agentCommand that nobody waits for',
      {
        call: (guest) =>
          guest.agentCommand('guest-shutdown', {}, { timeoutSeconds: agentTimeouts.NOWAIT }),
        program: qemuProgram,
        procedure: 3,
        sends: command('{"execute":"guest-shutdown","arguments":{}}', 0),
        reply: absent,
        result: null,
      },
    ],
  ])('%s', (_name, example) => fixture.expectExample(example));

  it.each(['', '[]', '{"returned":1}', 'null', '"guest says sesame'])(
    'an answer of the guest that is none is refused, and not repeated: %j',
    async (answer) => {
      const { made, call } = await fixture.asked(fixture.guest.agentCommand('guest-ping'));
      fixture.peer.reply(call, present(str(answer)));
      await expect(made).rejects.toThrow(
        new ProtocolError('the answer of the guest agent has no return value'),
      );
      expect(fixture.connection.isClosed).toBe(false);
    },
  );

  it.each([86, 97, 112])('an agent that is not there is told apart: error %d', async (code) => {
    const { made, call } = await fixture.asked(fixture.guest.fsFreeze());
    fixture.peer.fail(call, code, 'agent');
    await expect(made).rejects.toSatisfy(isAgentUnavailable);
  });

  it('no more mountpoints are sent, nor file systems read, than libvirt takes', async () => {
    const mountpoints = Array.from({ length: 257 }, (_, index) => `/m${index}`);
    await expect(fixture.guest.fsFreeze({ mountpoints })).rejects.toThrow(EncodeError);
    const { made, call } = await fixture.asked(fixture.guest.getFSInfo());
    fixture.peer.reply(call, u32(257));
    await expect(made).rejects.toThrow(ConnectionLostError);
  });
});

import { describe, expect, test } from 'vitest';
import { z } from 'zod';

import { FailureError } from '../../src/ports/failure.ts';
import { hooked } from '../support/hooked-hypervisors.ts';
import { coldDirectory, expectUnharmed, useColdLab } from '../support/lab-cold.ts';
import { describeLab } from '../support/needs.ts';

type Commands = readonly (readonly [string, Readonly<Record<string, unknown>>])[];

const mac = '52:54:00:12:34:56';
const object = { 'qom-type': 'rng-random', filename: '/dev/urandom' };

/** What libvirt asks of QEMU for each device, by its place in the definition, in its order. */
const backends: Readonly<Record<string, Commands>> = {
  interface: [['netdev_add', { type: 'user', id: 'hostnet0' }]],
  rng: [['object-add', { ...object, id: 'objrng0' }]],
  input: [],
};
const devices: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  interface: { driver: 'virtio-net-pci', netdev: 'hostnet0', id: 'net0', mac, addr: '0x0' },
  rng: { driver: 'virtio-rng-pci', rng: 'objrng0', id: 'rng0', addr: '0x0' },
  input: { driver: 'usb-tablet', id: 'input2' },
};

const deviceSchema = z.object({ alias: z.string(), element: z.string(), place: z.string() });

/** A bus of QEMU by the place of a device: `pci.N`, or the one of the tablet. */
const onBus = (place: string): object => {
  const [, type, bus] = /^\w+ (\w+) (?:0+:)?([\da-f]+):/.exec(place) ?? [];
  return type === 'usb' ? { bus: 'usb.0', port: '1' } : { bus: `pci.${parseInt(bus ?? '', 16)}` };
};

describe.each(['hostA', 'hostC'] as const)('on %s', (on) => {
  describeLab('what a daemon that was killed over an attach left in QEMU', () => {
    const stage = useColdLab(`cold-left-${on.toLowerCase()}`, on);

    const monitor = async (execute: string, given: object = {}): Promise<unknown> => {
      const command = JSON.stringify({ execute, arguments: given });
      const answer = await stage.host.virsh(['qemu-monitor-command', stage.guest.name, command]);
      const { error, return: returned } = Object(JSON.parse(answer));
      expect(error, answer).toBeUndefined();
      return returned;
    };
    const network = async (): Promise<string> =>
      String(await monitor('human-monitor-command', { 'command-line': 'info network' }));

    /** By name; the cards with what they have on the host. */
    const inQemu = async () => {
      const names = async (path: string) =>
        ((await monitor('qom-list', { path })) as readonly object[]).map((each) =>
          String(Object(each).name),
        );
      return {
        // It has the alias of its place in the definition, and the next free one when it is back.
        devices: (await names('/machine/peripheral'))
          .map((name) => name.replace(/^input\d+$/, 'input'))
          .toSorted(),
        objects: (await names('/objects')).toSorted(),
        chardevs: ((await monitor('query-chardev')) as readonly object[]).length,
        network: (await network()).replaceAll(/fd=\d+/g, 'fd'),
      };
    };

    /** At the first attach of each device its daemon dies so far on the way, and the reply is lost. */
    const dyingOver = (
      commandsFor: (element: string, place: string) => Commands,
      struck: Set<string>,
    ) =>
      hooked({
        attachDevice: async (call, [, given]) => {
          const { element, place } = deviceSchema.parse(given);
          if (struck.has(element)) return call();
          struck.add(element);
          for (const [command, about] of commandsFor(element, place)) await monitor(command, about);
          await stage.host.kill();
          await stage.host.start();
          const message = 'the daemon was killed while it attached a device';
          throw new FailureError({ code: 'connectionLost', message, effect: 'unknown' });
        },
      });

    test.each([
      ['the backend', (element: string) => backends[element] ?? []],
      [
        'the device, too',
        (element: string, place: string): Commands => [
          ...(backends[element] ?? []),
          ['device_add', { ...devices[element], ...onBus(place) }],
        ],
      ],
    ])('is removed, and each device is back: %s', { timeout: 240_000 }, async (what, left) => {
      const before = await inQemu();
      const struck = new Set<string>();
      const output = await stage.snapshot({
        input: { detach: await stage.aliases() },
        through: dyingOver(left, struck),
      });
      stage.note('returning.attaching', `libvirtd killed, left: ${what}`, output);
      expect(output).toMatchObject({ outcome: 'completed', failure: null, lostDevices: [] });
      expect([...struck].toSorted()).toEqual(['input', 'interface', 'rng']);
      expect(await inQemu()).toEqual(before);
      await stage.host.run('rm', [`${coldDirectory}/image.qcow2`]);
      await expectUnharmed(stage);
    });

    test('stays where another card uses it, and goes as it was told then', async () => {
      const before = await inQemu();
      const card = {
        driver: 'virtio-net-pci',
        netdev: 'hostnet0',
        id: 'another',
        mac,
        addr: '0x0',
      };
      const { guest, host } = stage;
      const output = await stage.snapshot({
        input: { detach: ['net0'] },
        through: dyingOver(
          (element, place) => [
            ...(backends[element] ?? []),
            ['device_add', { ...card, ...onBus(place) }],
          ],
          new Set(),
        ),
      });
      stage.note('returning.attaching', 'QEMU has its backend in use', output);
      const [lost] = output.lostDevices;
      expect(output).toMatchObject({ outcome: 'needsOperator', failure: { code: 'devicesLost' } });
      expect(lost?.message).toContain('another uses hostnet0');
      expect(await network()).toMatch(/another: .*\r?\n \\ hostnet0: /);
      const [, commands] = (lost?.message ?? '').split("'info qtree'): ");
      for (const line of commands?.split(' ; ') ?? []) {
        expect(await host.run('sh', ['-c', line])).not.toContain('"error"');
        const devicesNow = async () => (await inQemu()).devices;
        await expect.poll(devicesNow, { timeout: 60_000 }).not.toContain('another');
      }
      const file = `${coldDirectory}/lost.xml`;
      await host.run('sh', [
        '-c',
        `echo "$1" > ${file} && virsh attach-device ${guest.name} ${file} --live && rm ${file}`,
        'sh',
        lost?.xml ?? '',
      ]);
      expect(await inQemu()).toEqual(before);
      await stage.releaseClaims();
      await host.run('rm', [`${coldDirectory}/image.qcow2`]);
      await expectUnharmed(stage);
    }, 240_000);
  });
});

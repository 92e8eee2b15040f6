import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  agentTimeouts,
  deviceModifyFlags,
  errorCodes,
  isAgentUnavailable,
  isLibvirtError,
  open,
  xmlFlags,
  type Connection,
  type Domain,
} from '../src/index.ts';
import {
  describeDaemon,
  disklessGuest,
  EventLog,
  makeImage,
  openTestDriver,
  removeGuest,
  uniqueName,
} from './daemon.ts';

const { LIVE, CONFIG, FORCE } = deviceModifyFlags;
const tablet = (alias: string): string =>
  `<input type='tablet' bus='usb'><alias name='${alias}'/></input>`;
const cdrom = (source: string): string =>
  `<disk type='file' device='cdrom'>${source}<target dev='hdc' bus='ide'/><readonly/></disk>`;

describeDaemon('devices of a guest of a real daemon', (uri) => {
  let connection: Connection;
  let directory: string;
  let guest: Domain;
  const name = uniqueName();
  beforeAll(async () => {
    connection = await open(uri);
    directory = await mkdtemp(join(tmpdir(), 'nlv-devices-'));
    const channel =
      "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>";
    const defined = await connection.domainDefineXML(disklessGuest(name, cdrom('') + channel));
    guest = await defined.create();
  });
  afterAll(async () => {
    await removeGuest(connection, name);
    await connection.close();
    await rm(directory, { recursive: true });
  });

  it('are plugged in, in what runs or in the definition, and out again, with events', async () => {
    const added = new EventLog(connection, 'deviceAdded', name);
    const removed = new EventLog(connection, 'deviceRemoved', name);
    await connection.subscribe('deviceAdded');
    await connection.subscribe('deviceRemoved');
    await guest.attachDeviceFlags(tablet('ua-one'), { flags: LIVE });
    await guest.attachDeviceFlags(tablet('ua-two'), { flags: LIVE | CONFIG });
    await added.until({ deviceAlias: 'ua-two' });
    expect(added.events.map(({ deviceAlias }) => deviceAlias)).toEqual(['ua-one', 'ua-two']);
    const inactive = await guest.getXMLDesc({ flags: xmlFlags.INACTIVE });
    expect(inactive).toContain('ua-two');
    expect(inactive).not.toContain('ua-one');
    await guest.detachDeviceAlias('ua-one', { flags: LIVE });
    await removed.until({ deviceAlias: 'ua-one' });
    await guest.detachDeviceFlags(tablet('ua-two'), { flags: LIVE | CONFIG });
    await removed.until({ deviceAlias: 'ua-two' });
    expect(await guest.getXMLDesc()).not.toContain('ua-two');
  });

  it('are changed', async () => {
    const image = join(directory, 'disc.iso');
    await makeImage(image, 'raw');
    await guest.updateDeviceFlags(cdrom(`<source file='${image}'/>`), { flags: LIVE });
    expect(await guest.getXMLDesc()).toContain(image);
    await guest.updateDeviceFlags(cdrom(''), { flags: LIVE | FORCE });
    expect(await guest.getXMLDesc()).not.toContain(image);
  });

  it('that are not there, or make no sense, are refused', async () => {
    const absent = guest.detachDeviceAlias('ua-none', { flags: LIVE });
    await expect(absent).rejects.toSatisfy((error) => isLibvirtError(error));
    const nonsense = guest.attachDeviceFlags('<nonsense/>', { flags: LIVE });
    await expect(nonsense).rejects.toSatisfy((error) => isLibvirtError(error));
    await guest.attachDeviceFlags(tablet('ua-one'), { flags: LIVE });
    const twice = guest.attachDeviceFlags(tablet('ua-one'), { flags: LIVE });
    await expect(twice).rejects.toSatisfy((error) => isLibvirtError(error));
  });

  it('an agent that is not there is told so by every call that needs it', async () => {
    await guest.agentSetResponseTimeout(3);
    await guest.agentSetResponseTimeout(agentTimeouts.BLOCK);
    const under = guest.agentSetResponseTimeout(-3);
    await expect(under).rejects.toMatchObject({ code: errorCodes.INVALID_ARG });
    const calls = [
      guest.fsFreeze(),
      guest.fsThaw(),
      guest.getFSInfo(),
      guest.getTime(),
      guest.setTime({ seconds: 1, nanoseconds: 0 }),
      guest.agentCommand('guest-ping', undefined, { timeoutSeconds: 2 }),
    ];
    const outcomes = await Promise.allSettled(calls);
    expect(
      outcomes.map((each) => each.status === 'rejected' && isAgentUnavailable(each.reason)),
    ).toEqual(Array.from(calls, () => true));
  });
});

describeDaemon("the agent of the test driver's guest", (uri) => {
  it('freezes, thaws and tells file systems and time', async () => {
    await using connection = await openTestDriver(uri);
    const guest = await connection.domainLookupByName('test');
    const frozen = await guest.fsFreeze();
    expect(frozen).toBeGreaterThan(0);
    expect(await guest.fsThaw()).toBe(frozen);
    expect(await guest.fsFreeze({ mountpoints: ['/'] })).toBe(1);
    expect(await guest.fsThaw({ mountpoints: ['/'] })).toBe(1);
    const [root] = await guest.getFSInfo();
    expect(root).toMatchObject({ mountpoint: '/', disks: [expect.any(String)] });
    expect(Number((await guest.getTime()).seconds)).toBeGreaterThan(0);
  });
});

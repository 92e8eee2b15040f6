import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  ConnectionLostError,
  EncodeError,
  isNoSecret,
  open,
  storageVolInfoFlags,
  storageVolResizeFlags,
  type Secret,
  type StoragePool,
  type StorageVol,
} from '../src/index.ts';
import { opaque, sampleUuid, str, u32, u64 } from './bytes.ts';
import { CallFixture, concat, type CallExample } from './call-fixture.ts';

let fixture: CallFixture;
beforeEach(async () => {
  fixture = await CallFixture.open();
});
afterEach(async () => {
  await fixture[Symbol.asyncDispose]();
});

const uuidBytes = Buffer.from(sampleUuid.replaceAll('-', ''), 'hex');
/** remote_nonnull_secret, of a volume. */
const handle = concat(uuidBytes, u32(1), str('/disk'));
const value = Buffer.from('sesame');

const tell = (secret: Secret): unknown => [
  secret.uuid,
  secret.usageType,
  secret.usageTypeNumber,
  secret.usageId,
];
const told = [sampleUuid, 'volume', 1, '/disk'];

/** What a call was rejected with. */
function reason(made: Promise<unknown>): Promise<unknown> {
  return made.then(
    () => null,
    (error: unknown) => error,
  );
}

async function look(): Promise<Secret> {
  const looked = fixture.connection.secretLookupByUUID(sampleUuid);
  fixture.peer.reply(await fixture.peer.nextCall(), handle);
  return looked;
}

describe('calls that find and make secrets', () => {
  it.each<[string, CallExample]>([
    [
      'secretLookupByUUID',
      {
        call: async (_guest, connection) => tell(await connection.secretLookupByUUID(sampleUuid)),
        procedure: 141,
        sends: uuidBytes,
        reply: handle,
        result: told,
      },
    ],
    [
      'secretLookupByUsage',
      {
        call: async (_guest, connection) =>
          tell(await connection.secretLookupByUsage('ceph', 'client.nova')),
        procedure: 147,
        sends: concat(u32(2), str('client.nova')),
        reply: handle,
        result: told,
      },
    ],
    [
      'secretDefineXML',
      {
        call: async (_guest, connection) => tell(await connection.secretDefineXML('<secret/>')),
        procedure: 142,
        sends: concat(str('<secret/>'), u32(0)),
        reply: handle,
        result: told,
      },
    ],
    [
      'listAllSecrets',
      {
        call: async (_guest, connection) =>
          (await connection.listAllSecrets({ flags: 4 })).map((secret) => secret.usageType),
        procedure: 287,
        sends: concat(u32(1), u32(4)),
        reply: concat(u32(2), handle, uuidBytes, u32(99), str(''), u32(2)),
        result: ['volume', 'unknown'],
      },
    ],
  ])('%s', (_name, example) => fixture.expectExample(example));
});

describe('calls on a secret', () => {
  it.each<[string, (secret: Secret) => Promise<unknown>, Omit<CallExample, 'call'>]>([
    [
      'getXMLDesc',
      (secret) => secret.getXMLDesc(),
      { procedure: 143, sends: concat(handle, u32(0)), reply: str('<s/>'), result: '<s/>' },
    ],
    [
      'setValue',
      (secret) => secret.setValue(value),
      { procedure: 144, sends: concat(handle, opaque(value), u32(0)) },
    ],
    [
      'getValue',
      (secret) => secret.getValue(),
      {
        procedure: 145,
        sends: concat(handle, u32(0)),
        reply: opaque(value),
        result: new Uint8Array(value),
      },
    ],
    ['undefine', (secret) => secret.undefine(), { procedure: 146, sends: handle }],
  ])('%s', async (_name, act, example) => {
    const secret = await look();
    await fixture.expectExample({ ...example, call: () => act(secret) });
  });

  it('show no value in their errors, whatever goes wrong', async () => {
    const secret = await look();
    const long = Buffer.from('sesame'.repeat(20_000));
    const tooLong = await reason(secret.setValue(long));
    expect(tooLong).toBeInstanceOf(EncodeError);
    const refused = await fixture.asked(secret.setValue(value));
    fixture.peer.fail(refused.call, 66, 'no secret with matching uuid');
    const noSecret = await reason(refused.made);
    expect(noSecret).toSatisfy(isNoSecret);
    const cut = await fixture.asked(secret.setValue(value));
    fixture.peer.reply(cut.call, opaque(value));
    const lost = await reason(cut.made);
    expect(lost).toBeInstanceOf(ConnectionLostError);
    const seen = [tooLong, noSecret, lost].map((error) => inspect(error, { depth: null }));
    const hex = value.toString('hex').replaceAll(/(..)(?=.)/g, '$1 ');
    for (const text of seen) {
      expect(text).not.toContain('sesame');
      expect(text).not.toContain(hex);
    }
  });

  it('hang up on a value longer than libvirt keeps', async () => {
    const secret = await look();
    const { made, call } = await fixture.asked(secret.getValue());
    fixture.peer.reply(call, opaque(Buffer.alloc(65_537)));
    await expect(made).rejects.toThrow(ConnectionLostError);
  });
});

describe('what is printed of a handle', () => {
  it('holds nothing of the connection that it came from, credentials least of all', async () => {
    const credentials = { username: 'fred', password: 'sesame' };
    await using connection = await open(fixture.daemon.uri, { keepAlive: 'off', credentials });
    const peer = await fixture.daemon.nextPeer();
    const looked = connection.domainLookupByName('guest');
    peer.reply(await peer.nextCall(), concat(str('guest'), uuidBytes, u32(7)));
    const printed = inspect([await looked, connection], { depth: null, showHidden: false });
    expect(printed).toContain('guest');
    expect(printed).not.toContain('sesame');
    expect(printed).not.toMatch(/ConnectionGroup|Session|LanePool/);
  });
});

describe('calls on volumes', () => {
  const poolHandle = concat(str('pool'), uuidBytes);
  const volumeHandle = concat(str('pool'), str('disk'), str('/pool/disk'));
  const info = concat(u32(0), u64(10n), u64(4n));

  async function pool(): Promise<StoragePool> {
    const looked = fixture.connection.storagePoolLookupByName('pool');
    fixture.peer.reply(await fixture.peer.nextCall(), poolHandle);
    return looked;
  }

  async function volume(): Promise<StorageVol> {
    const looked = fixture.connection.storageVolLookupByPath('/pool/disk');
    fixture.peer.reply(await fixture.peer.nextCall(), volumeHandle);
    return looked;
  }

  it('storageVolCreateXMLFrom', async () => {
    const [into, from] = [await pool(), await volume()];
    await fixture.expectExample({
      call: async () => (await into.storageVolCreateXMLFrom('<volume/>', from, { flags: 2 })).name,
      procedure: 125,
      sends: concat(poolHandle, str('<volume/>'), volumeHandle, u32(2)),
      reply: volumeHandle,
      result: 'disk',
    });
  });

  it('resize, and getInfo without and with flags', async () => {
    const disk = await volume();
    await fixture.expectExample({
      call: () => disk.resize(2n ** 60n, { flags: storageVolResizeFlags.ALLOCATE }),
      procedure: 260,
      sends: concat(volumeHandle, u64(2n ** 60n), u32(1)),
    });
    const result = { type: 'file', typeNumber: 0, capacityBytes: 10, allocationBytes: 4 };
    await fixture.expectExample({
      call: () => disk.getInfo(),
      procedure: 98,
      sends: volumeHandle,
      reply: info,
      result,
    });
    await fixture.expectExample({
      call: () => disk.getInfo({ flags: storageVolInfoFlags.GET_PHYSICAL }),
      procedure: 378,
      sends: concat(volumeHandle, u32(1)),
      reply: info,
      result,
    });
  });
});

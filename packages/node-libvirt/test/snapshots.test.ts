import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  isNoDomainSnapshot,
  snapshotCreateFlags,
  snapshotDeleteFlags,
  snapshotListFlags,
  snapshotRevertFlags,
  type DomainSnapshot,
} from '../src/index.ts';
import { str, u32 } from './bytes.ts';
import { CallFixture, concat, guestHandle, type CallExample } from './call-fixture.ts';

let fixture: CallFixture;
beforeEach(async () => {
  fixture = await CallFixture.open();
});
afterEach(async () => {
  await fixture[Symbol.asyncDispose]();
});

/** remote_nonnull_domain_snapshot. */
const handle = (name: string): Buffer => concat(str(name), guestHandle);
const listing = concat(u32(2), handle('one'), handle('two'), u32(2));
const names = (snapshots: readonly DomainSnapshot[]): string[] => snapshots.map(({ name }) => name);

describe("calls on a domain's snapshots", () => {
  it.each<[string, CallExample]>([
    [
      'snapshotCreateXML',
      {
        call: async (guest) => {
          const { DISK_ONLY, ATOMIC, QUIESCE } = snapshotCreateFlags;
          const flags = DISK_ONLY | ATOMIC | QUIESCE;
          const made = await guest.snapshotCreateXML('<domainsnapshot/>', { flags });
          return [made.name, made.domain === guest];
        },
        procedure: 185,
        sends: concat(guestHandle, str('<domainsnapshot/>'), u32(208)),
        reply: handle('one'),
        result: ['one', true],
      },
    ],
    [
      'snapshotNum',
      {
        call: (guest) => guest.snapshotNum({ flags: snapshotListFlags.EXTERNAL }),
        procedure: 187,
        sends: concat(guestHandle, u32(512)),
        reply: u32(3),
        result: 3,
      },
    ],
    [
      'snapshotLookupByName',
      {
        call: async (guest) => (await guest.snapshotLookupByName('one')).name,
        procedure: 189,
        sends: concat(guestHandle, str('one'), u32(0)),
        reply: handle('one'),
        result: 'one',
      },
    ],
    [
      'hasCurrentSnapshot',
      {
        call: (guest) => guest.hasCurrentSnapshot(),
        procedure: 190,
        sends: concat(guestHandle, u32(0)),
        reply: u32(1),
        result: true,
      },
    ],
    [
      'snapshotCurrent',
      {
        call: async (guest) => (await guest.snapshotCurrent()).name,
        procedure: 191,
        sends: concat(guestHandle, u32(0)),
        reply: handle('one'),
        result: 'one',
      },
    ],
    [
      'listAllSnapshots',
      {
        call: async (guest) =>
          names(await guest.listAllSnapshots({ flags: snapshotListFlags.TOPOLOGICAL })),
        procedure: 274,
        sends: concat(guestHandle, u32(1), u32(1_024)),
        reply: listing,
        result: ['one', 'two'],
      },
    ],
  ])('%s', (_name, example) => fixture.expectExample(example));
});

describe('calls on a snapshot', () => {
  it.each<[string, (snapshot: DomainSnapshot) => Promise<unknown>, Omit<CallExample, 'call'>]>([
    [
      'getXMLDesc',
      (snapshot) => snapshot.getXMLDesc({ flags: 1 }),
      {
        procedure: 186,
        sends: concat(handle('one'), u32(1)),
        reply: str('<domainsnapshot/>'),
        result: '<domainsnapshot/>',
      },
    ],
    [
      'getParent',
      async (snapshot) => (await snapshot.getParent()).name,
      {
        procedure: 244,
        sends: concat(handle('one'), u32(0)),
        reply: handle('root'),
        result: 'root',
      },
    ],
    [
      'numChildren',
      (snapshot) => snapshot.numChildren({ flags: snapshotListFlags.DESCENDANTS }),
      { procedure: 246, sends: concat(handle('one'), u32(1)), reply: u32(2), result: 2 },
    ],
    [
      'listAllChildren',
      async (snapshot) => names(await snapshot.listAllChildren()),
      {
        procedure: 275,
        sends: concat(handle('one'), u32(1), u32(0)),
        reply: listing,
        result: ['one', 'two'],
      },
    ],
    [
      'isCurrent',
      (snapshot) => snapshot.isCurrent(),
      { procedure: 271, sends: concat(handle('one'), u32(0)), reply: u32(0), result: false },
    ],
    [
      'hasMetadata',
      (snapshot) => snapshot.hasMetadata(),
      { procedure: 272, sends: concat(handle('one'), u32(0)), reply: u32(1), result: true },
    ],
    [
      'revert',
      (snapshot) =>
        snapshot.revert({ flags: snapshotRevertFlags.PAUSED | snapshotRevertFlags.FORCE }),
      { procedure: 192, sends: concat(handle('one'), u32(6)) },
    ],
    [
      'delete',
      (snapshot) => snapshot.delete({ flags: snapshotDeleteFlags.METADATA_ONLY }),
      { procedure: 193, sends: concat(handle('one'), u32(2)) },
    ],
  ])('%s', async (_name, act, example) => {
    const looked = fixture.guest.snapshotLookupByName('one');
    fixture.peer.reply(await fixture.peer.nextCall(), handle('one'));
    const snapshot = await looked;
    await fixture.expectExample({ ...example, call: () => act(snapshot) });
  });

  it('tell when it is gone', async () => {
    const { made, call } = await fixture.asked(fixture.guest.snapshotCurrent());
    fixture.peer.fail(call, 72, 'no current snapshot');
    await expect(made).rejects.toSatisfy(isNoDomainSnapshot);
  });
});

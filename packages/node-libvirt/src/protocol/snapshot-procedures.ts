import { flag, i32, nothing, struct, u32 } from '../xdr/codec.ts';
import { limits } from './limits.ts';
import { defineProcedures, row } from './procedure.ts';
import { domainHandle, domainSnapshotHandle, listing, text } from './shapes.ts';

const domainAndFlags = struct({ dom: domainHandle, flags: u32 });
const snapshot = struct({ snap: domainSnapshotHandle });
const snapshotAndFlags = struct({ snap: domainSnapshotHandle, flags: u32 });
const snapshots = listing(domainSnapshotHandle, limits.snapshots);

/**
 * Calls on snapshots; numbers and layouts from remote_protocol.x. To make one, to go back and to delete move memory or
 * disk data, and are `blocking`; the rest reads what the daemon has in memory.
 */
export const snapshotProcedures = defineProcedures({
  domainSnapshotCreateXml: row(
    185,
    struct({ dom: domainHandle, xml: text, flags: u32 }),
    snapshot,
    'blocking',
  ),
  domainSnapshotGetXmlDesc: row(186, snapshotAndFlags, struct({ xml: text })),
  domainSnapshotNum: row(187, domainAndFlags, struct({ count: i32 })),
  domainSnapshotLookupByName: row(
    189,
    struct({ dom: domainHandle, name: text, flags: u32 }),
    snapshot,
  ),
  domainHasCurrentSnapshot: row(190, domainAndFlags, struct({ result: flag })),
  domainSnapshotCurrent: row(191, domainAndFlags, snapshot),
  domainRevertToSnapshot: row(192, snapshotAndFlags, nothing, 'blocking'),
  domainSnapshotDelete: row(193, snapshotAndFlags, nothing, 'blocking'),
  domainSnapshotGetParent: row(244, snapshotAndFlags, snapshot),
  domainSnapshotNumChildren: row(246, snapshotAndFlags, struct({ count: i32 })),
  domainSnapshotIsCurrent: row(271, snapshotAndFlags, struct({ current: flag })),
  domainSnapshotHasMetadata: row(272, snapshotAndFlags, struct({ metadata: flag })),
  domainListAllSnapshots: row(
    274,
    struct({ dom: domainHandle, needResults: i32, flags: u32 }),
    snapshots,
  ),
  domainSnapshotListAllChildren: row(
    275,
    struct({ snap: domainSnapshotHandle, needResults: i32, flags: u32 }),
    snapshots,
  ),
});

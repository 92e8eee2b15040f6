import { flag, i32, nothing, struct, u32, u64 } from '../xdr/codec.ts';
import { limits } from './limits.ts';
import { defineProcedures, row } from './procedure.ts';
import { listing, networkHandle, storagePoolHandle, storageVolHandle, text } from './shapes.ts';

const pool = struct({ pool: storagePoolHandle });
const poolAndFlags = struct({ pool: storagePoolHandle, flags: u32 });
const volume = struct({ vol: storageVolHandle });
const volumeAndFlags = struct({ vol: storageVolHandle, flags: u32 });
/** A length of 0 means to the end. */
const volumeRange = struct({ vol: storageVolHandle, offset: u64, length: u64, flags: u32 });
const volumeInfo = struct({ type: i32, capacityBytes: u64, allocationBytes: u64 });
const listArgs = struct({ needResults: i32, flags: u32 });

/** Calls on storage pools, their volumes and networks; numbers and layouts from remote_protocol.x. */
export const storageNetworkProcedures = defineProcedures({
  networkLookupByName: row(46, struct({ name: text }), struct({ net: networkHandle })),
  storagePoolRefresh: row(83, poolAndFlags, nothing, 'blocking'),
  storagePoolLookupByName: row(84, struct({ name: text }), pool),
  storagePoolGetInfo: row(
    87,
    pool,
    struct({ state: u32, capacityBytes: u64, allocationBytes: u64, availableBytes: u64 }),
  ),
  storagePoolGetXmlDesc: row(88, poolAndFlags, struct({ xml: text })),
  storageVolCreateXml: row(
    93,
    struct({ pool: storagePoolHandle, xml: text, flags: u32 }),
    volume,
    'blocking',
  ),
  storageVolDelete: row(94, volumeAndFlags, nothing, 'blocking'),
  storageVolLookupByName: row(95, struct({ pool: storagePoolHandle, name: text }), volume),
  storageVolLookupByKey: row(96, struct({ key: text }), volume),
  storageVolLookupByPath: row(97, struct({ path: text }), volume),
  storageVolGetInfo: row(98, volume, volumeInfo),
  storageVolGetXmlDesc: row(99, volumeAndFlags, struct({ xml: text })),
  storageVolGetPath: row(100, volume, struct({ path: text })),
  storageVolCreateXmlFrom: row(
    125,
    struct({ pool: storagePoolHandle, xml: text, source: storageVolHandle, flags: u32 }),
    volume,
    'blocking',
  ),
  networkIsActive: row(152, struct({ net: networkHandle }), struct({ active: flag })),
  storagePoolIsActive: row(154, pool, struct({ active: flag })),
  storageVolUpload: row(208, volumeRange, nothing, 'blocking'),
  storageVolDownload: row(209, volumeRange, nothing, 'blocking'),
  storageVolResize: row(
    260,
    struct({ vol: storageVolHandle, capacityBytes: u64, flags: u32 }),
    nothing,
    'blocking',
  ),
  connectListAllStoragePools: row(281, listArgs, listing(storagePoolHandle, limits.storagePools)),
  storagePoolListAllVolumes: row(
    282,
    struct({ pool: storagePoolHandle, needResults: i32, flags: u32 }),
    listing(storageVolHandle, limits.storageVolumes),
  ),
  connectListAllNetworks: row(283, listArgs, listing(networkHandle, limits.networks)),
  storageVolGetInfoFlags: row(378, volumeAndFlags, volumeInfo),
  storagePoolLookupByTargetPath: row(391, struct({ path: text }), pool),
});

import type { WireTypedParam } from './protocol/shapes.ts';
import { toTypedParams, type ParamTypes, type ParamValueOf } from './typed-params.ts';

export interface MigrateBegin3Request {
  readonly params?: MigrateParams | undefined;
  /** A bit set of `migrateFlags`. */
  readonly flags: number;
}

export interface MigrateBegin3Reply {
  readonly cookie: Uint8Array;
  /** The definition for the destination. */
  readonly xml: string;
}

export interface MigratePerform3Request {
  /** `dconnuri`: how the source daemon reaches the destination daemon. For peer-to-peer only. */
  readonly destinationUri?: string | undefined;
  readonly params?: MigrateParams | undefined;
  /** What the Prepare phase answered. For a migration that the client drives only. */
  readonly cookie?: Uint8Array | undefined;
  /** A bit set of `migrateFlags`. */
  readonly flags: number;
}

/** The keys a migration takes (`VIR_MIGRATE_PARAM_*`) and the type the daemon insists on for each. */
const migrateParamTypes = {
  migrate_uri: 'string',
  destination_name: 'string',
  destination_xml: 'string',
  persistent_xml: 'string',
  bandwidth: 'ullong',
  'bandwidth.postcopy': 'ullong',
  'bandwidth.avail.switchover': 'ullong',
  graphics_uri: 'string',
  listen_address: 'string',
  migrate_disks: 'string',
  migrate_disks_detect_zeroes: 'string',
  disks_port: 'int',
  disks_uri: 'string',
  compression: 'string',
  'compression.mt.level': 'int',
  'compression.mt.threads': 'int',
  'compression.mt.dthreads': 'int',
  'compression.xbzrle.cache': 'ullong',
  'compression.zlib.level': 'int',
  'compression.zstd.level': 'int',
  'auto_converge.initial': 'int',
  'auto_converge.increment': 'int',
  'parallel.connections': 'int',
  'tls.destination': 'string',
} as const satisfies ParamTypes;

type MigrateParamTypes = typeof migrateParamTypes;
type RepeatedParam = 'migrate_disks' | 'migrate_disks_detect_zeroes' | 'compression';

/** Parameters of a migration, by libvirt's own keys; those that may repeat are lists. */
export type MigrateParams = {
  readonly [K in keyof MigrateParamTypes]?:
    (K extends RepeatedParam ? readonly string[] : ParamValueOf<MigrateParamTypes[K]>) | undefined;
};

/** @throws EncodeError for an unknown key or a value of the wrong type. */
export function toMigrateParams(params: MigrateParams): WireTypedParam[] {
  return toTypedParams('migration', migrateParamTypes, params);
}

import { EncodeError } from './errors.ts';
import { fromInteger64, type Integer64 } from './integer64.ts';
import { typedParamTypes, type WireTypedParam } from './protocol/shapes.ts';

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
} as const satisfies Record<string, 'string' | 'int' | 'ullong'>;

type MigrateParamTypes = typeof migrateParamTypes;
type RepeatedParam = 'migrate_disks' | 'migrate_disks_detect_zeroes' | 'compression';
type ValueOf<T> = T extends 'string' ? string : T extends 'int' ? number : Integer64;

/** Parameters of a migration, by libvirt's own keys; those that may repeat are lists. */
export type MigrateParams = {
  readonly [K in keyof MigrateParamTypes]?:
    (K extends RepeatedParam ? readonly string[] : ValueOf<MigrateParamTypes[K]>) | undefined;
};

/** @throws EncodeError for an unknown key or a value of the wrong type. */
export function toMigrateParams(params: MigrateParams): WireTypedParam[] {
  const wire: WireTypedParam[] = [];
  for (const [field, given] of Object.entries(params)) {
    if (given === undefined) continue;
    const values = Array.isArray(given) ? given : [given];
    for (const value of values) wire.push(toMigrateParam(field, value));
  }
  return wire;
}

function toMigrateParam(field: string, value: unknown): WireTypedParam {
  const type = isMigrateParam(field) ? migrateParamTypes[field] : null;
  if (type === 'string' && typeof value === 'string') {
    return { field, value: { type: typedParamTypes.string, value } };
  }
  if (type === 'int' && typeof value === 'number') {
    return { field, value: { type: typedParamTypes.int, value } };
  }
  if (type === 'ullong' && (typeof value === 'number' || typeof value === 'bigint')) {
    return { field, value: { type: typedParamTypes.ullong, value: fromInteger64(value) } };
  }
  throw new EncodeError(
    type === null
      ? `"${field}" is no migration parameter`
      : `migration parameter "${field}" must be ${type}`,
  );
}

function isMigrateParam(field: string): field is keyof MigrateParamTypes {
  return Object.hasOwn(migrateParamTypes, field);
}

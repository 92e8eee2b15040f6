import {
  array,
  double,
  flag,
  i32,
  i64,
  opaque,
  opaqueFixed,
  optional,
  string,
  struct,
  u32,
  u64,
  union,
  type Codec,
  type TypeOf,
} from '../xdr/codec.ts';
import { limits } from './limits.ts';

/** remote_nonnull_string. */
export const text = string(limits.stringBytes);
/** remote_string. */
export const optionalText = optional(text);
/** remote_uuid. */
export const uuidBytes = opaqueFixed(16);
export const cookie = opaque(limits.cookieBytes);

/** remote_nonnull_domain: the daemon looks it up by uuid; id is -1 when it did not run. */
export const domainHandle = struct({ name: text, uuid: uuidBytes, id: i32 });
export type DomainHandle = TypeOf<typeof domainHandle>;

/** remote_nonnull_network, remote_nonnull_storage_pool. */
export const networkHandle = struct({ name: text, uuid: uuidBytes });
export const storagePoolHandle = networkHandle;
export type NamedHandle = TypeOf<typeof networkHandle>;

/** remote_nonnull_storage_vol. */
export const storageVolHandle = struct({ pool: text, name: text, key: text });
export type StorageVolHandle = TypeOf<typeof storageVolHandle>;

/** remote_nonnull_domain_snapshot. */
export const domainSnapshotHandle = struct({ name: text, dom: domainHandle });
export type DomainSnapshotHandle = TypeOf<typeof domainSnapshotHandle>;

/** remote_nonnull_secret. */
export const secretHandle = struct({ uuid: uuidBytes, usageType: i32, usageId: text });
export type SecretHandle = TypeOf<typeof secretHandle>;

/** virTypedParameterType. */
export const typedParamTypes = {
  int: 1,
  uint: 2,
  llong: 3,
  ullong: 4,
  double: 5,
  boolean: 6,
  string: 7,
} as const;

/** remote_typed_param. */
export const typedParam = struct({
  field: text,
  value: union({ 1: i32, 2: u32, 3: i64, 4: u64, 5: double, 6: flag, 7: text }),
});
export type WireTypedParam = TypeOf<typeof typedParam>;

export const migrateParamList = array(typedParam, limits.migrateParams);
export const jobStatsList = array(typedParam, limits.jobStats);
export const saveParamList = array(typedParam, limits.saveParams);
export const blockCopyParamList = array(typedParam, limits.blockCopyParams);

/** What the "list all" calls answer: the objects, and their count once more. */
export function listing<T>(element: Codec<T>, max: number): Codec<{ items: T[]; count: number }> {
  return struct({ items: array(element, max), count: u32 });
}

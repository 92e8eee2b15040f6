import { toInteger64, type Integer64 } from './integer64.ts';
import type { WireTypedParam } from './protocol/shapes.ts';

/** A libvirt typed parameter: 64-bit integers are numbers when that is exact, else bigints. */
export type TypedParamValue = Integer64 | string | boolean;
/** libvirt's typed parameters by libvirt's own keys. */
export type TypedParams = Record<string, TypedParamValue>;

/** Of a repeated key the last counts. */
export function fromTypedParams(params: readonly WireTypedParam[]): TypedParams {
  const entries = params.map(({ field, value: { value } }): [string, TypedParamValue] => [
    field,
    typeof value === 'bigint' ? toInteger64(value) : value,
  ]);
  return Object.fromEntries(entries);
}

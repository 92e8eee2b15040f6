import { EncodeError } from './errors.ts';
import { fromInteger64, toInteger64, type Integer64 } from './integer64.ts';
import { typedParamTypes, type WireTypedParam } from './protocol/shapes.ts';

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

type ParamType = 'string' | 'int' | 'uint' | 'ullong';
/** The keys that a call takes, and the type the daemon insists on for each. */
export type ParamTypes = Readonly<Record<string, ParamType>>;
export type ParamValueOf<T> = T extends 'string' ? string : T extends 'ullong' ? Integer64 : number;
/** Parameters by libvirt's keys, with the types of a table. */
export type ParamsOf<T extends ParamTypes> = {
  readonly [K in keyof T]?: ParamValueOf<T[K]> | undefined;
};

/**
 * Parameters as they go over the wire; a list is its key repeated.
 *
 * @param kind of parameters, for the errors: no value stands in them.
 * @throws EncodeError for an unknown key or a value of the wrong type.
 */
export function toTypedParams(kind: string, types: ParamTypes, params: object): WireTypedParam[] {
  const wire: WireTypedParam[] = [];
  for (const [field, given] of Object.entries(params)) {
    if (given === undefined) continue;
    const type = Object.hasOwn(types, field) ? types[field] : undefined;
    if (type === undefined) throw new EncodeError(`"${field}" is no ${kind} parameter`);
    const values: readonly unknown[] = Array.isArray(given) ? given : [given];
    for (const value of values) {
      const encoded = toWireValue(type, value);
      if (encoded === null) throw new EncodeError(`${kind} parameter "${field}" must be ${type}`);
      wire.push({ field, value: encoded });
    }
  }
  return wire;
}

/** Null for a value that is not of the type. */
function toWireValue(type: ParamType, value: unknown): WireTypedParam['value'] | null {
  if (type === 'string') {
    return typeof value === 'string' ? { type: typedParamTypes.string, value } : null;
  }
  if (type === 'ullong') {
    const isInteger64 = typeof value === 'number' || typeof value === 'bigint';
    return isInteger64 ? { type: typedParamTypes.ullong, value: fromInteger64(value) } : null;
  }
  return typeof value === 'number' ? { type: typedParamTypes[type], value } : null;
}

import type { FlagOptions } from './call-options.ts';
import type { WireTypedParam } from './protocol/shapes.ts';
import { toTypedParams, type ParamsOf, type ParamTypes } from './typed-params.ts';

export interface SaveOptions extends FlagOptions {
  /** A changed definition to go on with, which the guest must not be able to tell from its own. May hold secrets. */
  readonly xml?: string | undefined;
}

/** VIR_DOMAIN_SAVE_PARAM_*. */
const saveParamTypes = {
  file: 'string',
  dxml: 'string',
  image_format: 'string',
  'parallel.channels': 'int',
} as const satisfies ParamTypes;

/**
 * Parameters of a save or restore by libvirt's own keys. `file` left out is the managed save file; `image_format` and
 * `parallel.channels` are libvirt 11's.
 */
export type SaveParams = ParamsOf<typeof saveParamTypes>;

/** @throws EncodeError for an unknown key or a value of the wrong type. */
export function toSaveParams(params: SaveParams): WireTypedParam[] {
  return toTypedParams('save', saveParamTypes, params);
}

import type { FlagOptions } from './call-options.ts';
import { EncodeError } from './errors.ts';
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

/** Parameters of a save or restore by libvirt's own keys; `image_format` and `parallel.channels` are libvirt 11's. */
export type SaveParams = ParamsOf<typeof saveParamTypes> & {
  /**
   * Without it libvirt means the managed save file, and its daemon (seen with 9.0 and 11.3) never lets go of the domain
   * again: every later call on it hangs. So it has to be there; `managedSave` does the same.
   */
  readonly file: string;
};

/** @throws EncodeError for an unknown key, a value of the wrong type or no file. */
export function toSaveParams(params: SaveParams): WireTypedParam[] {
  const wire = toTypedParams('save', saveParamTypes, params);
  if (!wire.some(({ field }) => field === 'file')) {
    throw new EncodeError('save parameter "file" is missing');
  }
  return wire;
}

import type { SwapLook } from '../policy/volume-swap/look.ts';

/** For `onDone` of a look: what it saw of the disks, as a param. */
export const lookOf = ({ event }: { readonly event: { readonly output: SwapLook } }) => ({
  look: event.output,
});

/** For `onError`: what an effect rejected with, as a param. */
export const errorOf = ({ event }: { readonly event: { readonly error: unknown } }) => ({
  error: event.error,
});

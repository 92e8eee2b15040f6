/**
 * A timer that fell due while no process drove the run: the driver marks its event. Nobody has
 * waited for a host then, nor looked at it since, so a wait for a host begins anew.
 */
export function isLate({ event }: { readonly event: { readonly type: string } }): boolean {
  return 'late' in event && event.late === true;
}

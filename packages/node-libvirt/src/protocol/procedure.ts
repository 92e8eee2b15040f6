import type { Codec, TypeOf } from '../xdr/codec.ts';
import { programs } from './message.ts';

/**
 * How long the daemon may take over a call, and so which sockets it goes through (see rpc/connection-group.ts):
 * `control` is answered at once; `job` waits for the domain's job lock, at most about 30 s while another job holds it;
 * `agent` waits for a program in the guest, which may never answer; `blocking` takes as long as its work does: a migration,
 * a start, a save, the allocation of a volume.
 */
export type Lane = 'control' | 'job' | 'agent' | 'blocking';

/** One remote procedure: everything needed to call it. */
export interface Procedure<A, R> {
  /** libvirt's name for it, camel-cased: errors carry it. */
  readonly name: string;
  readonly program: number;
  readonly number: number;
  readonly args: Codec<A>;
  readonly result: Codec<R>;
  readonly lane: Lane;
}

interface Row {
  readonly number: number;
  readonly args: Codec<unknown>;
  readonly result: Codec<unknown>;
  readonly lane: Lane;
}
type Rows = Readonly<Record<string, Row>>;
type Procedures<T extends Rows> = {
  readonly [K in keyof T]: Procedure<TypeOf<T[K]['args']>, TypeOf<T[K]['result']>>;
};

/** A row of the tables: number, arguments, result, lane. */
export function row<A, R>(
  number: number,
  args: Codec<A>,
  result: Codec<R>,
  lane: Lane = 'control',
): { number: number; args: Codec<A>; result: Codec<R>; lane: Lane } {
  return { number, args, result, lane };
}

/** Gives each row its name and program. */
export function defineProcedures<const T extends Rows>(
  rows: T,
  program: number = programs.remote,
): Procedures<T> {
  const named = Object.entries(rows).map(
    ([name, procedure]) => [name, { ...procedure, name, program }] as const,
  );
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- fromEntries forgets the names of the rows
  return Object.fromEntries(named) as Procedures<T>;
}

import { jobStatsFlags, open } from 'node-libvirt';
import type { Connection } from 'node-libvirt';
import { z } from 'zod';
import type { Lab } from '../../lab/index.ts';
import type { Moved, Mover, Way } from './movers.ts';

/** The longest pause that QEMU is asked to plan with, for ours and the peer alike. */
export const downtimeLimitMs = 100;

const completedJob = z.object({ downtime: z.number().positive() });
const { COMPLETED, KEEP_COMPLETED } = jobStatsFlags;

/**
 * The pause as the destination's daemon counted it: from the guest's stop on the source until it let
 * the guest run, so with the time that the client took from one phase to the next.
 */
export class DowntimeMeter implements AsyncDisposable {
  readonly #connections: ReadonlyMap<string, Connection>;

  static async open(lab: Lab): Promise<DowntimeMeter> {
    const opened = lab.hosts.map(async ({ name, uri }) => [name, await open(uri)] as const);
    return new DowntimeMeter(new Map(await Promise.all(opened)));
  }

  private constructor(connections: ReadonlyMap<string, Connection>) {
    this.#connections = connections;
  }

  /** Milliseconds of the guest's pause in a move; a fresh QEMU knows of no limit before. */
  async downtimeMs(mover: Mover, domain: Moved, way: Way): Promise<number> {
    await (await this.#find(domain, way.from)).migrateSetMaxDowntime(downtimeLimitMs);
    await mover.move(domain, way);
    const arrived = await this.#find(domain, way.to);
    const { stats } = await arrived.getJobStats({ flags: COMPLETED | KEEP_COMPLETED });
    return completedJob.parse(stats).downtime;
  }

  #find({ uuid }: Moved, host: string) {
    const connection = this.#connections.get(host);
    if (connection === undefined) throw new Error(`the lab has no host ${host}`);
    return connection.domainLookupByUUID(uuid);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#connections.values()].map((connection) => connection.close()));
  }
}

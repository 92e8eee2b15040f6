import { failureOf } from '../contract/fixture.ts';
import type { Failure } from '../../src/ports/failure.ts';
import type { MigrateCall, MigrationLink, MigrationOptions } from '../../src/ports/migration.ts';
import type { SceneOptions } from './scene.ts';
import { Scene, unending } from './scene.ts';

export type Phase = 'begin' | 'prepare' | 'perform' | 'finish' | 'confirm';

/** A scene whose guest is migrated by us, phase by phase. */
export class DrivenScene extends Scene {
  readonly call: MigrateCall;
  #link: MigrationLink | null = null;
  /** Who was lost first, as the link told it. */
  lost: 'source' | 'destination' | null = null;

  constructor(
    options: SceneOptions & {
      readonly options?: Partial<MigrationOptions>;
      readonly purpose?: MigrateCall['purpose'];
    } = {},
  ) {
    super(options);
    const given = { destinationConnectUri: null, ...options.options };
    this.call = this.callFor(given, options.purpose);
  }

  async link(): Promise<MigrationLink> {
    if (this.#link !== null) return this.#link;
    const ends = { source: 'simulated:///hostA', destination: 'simulated:///hostB' };
    const link = await this.world.hypervisors.linkMigration(ends, unending);
    void this.#noteLoss(link);
    this.#link = link;
    return link;
  }

  async #noteLoss(link: MigrationLink): Promise<void> {
    this.lost = (await link.lost).peer;
  }

  /** Phase after phase, up to the first that fails. @returns its failure */
  async drive(...phases: readonly Phase[]): Promise<Failure | null> {
    for (const phase of phases) {
      const failure = await this.phase(phase);
      if (failure !== null) return failure;
    }
    return null;
  }

  async phase(phase: Phase, cancelled = false, call = this.call): Promise<Failure | null> {
    const link = await this.link();
    const isLast = phase === 'finish' || phase === 'confirm';
    const work = (): Promise<unknown> =>
      isLast ? link[phase](call, cancelled, unending) : link[phase](call, unending);
    return this.run(() => failureOf(work()));
  }

  /** Ends our connections and lets both daemons act on it. */
  async leave(): Promise<void> {
    await (await this.link()).close();
    await this.pass(5_000);
  }
}

import type { HostListing } from '../../../src/adapters/simulated/index.ts';
import type { WorldPicture } from '../../../src/testing/index.ts';
import { pictureSimulated } from '../../../src/testing/index.ts';
import type { Row } from '../row.ts';
import { judgeEnd, leaksOf } from './judge.ts';
import type { End } from './judge.ts';
import type { Point } from './points.ts';
import { faultOf, labelAt } from './points.ts';
import { Scene } from './scene.ts';
import { storeRemains } from '../store-remains.ts';

const hostNames = ['hostA', 'hostB'];

/** One point, the world that it is struck in, and what is known of both. */
export class Patient {
  readonly point: Point;
  readonly scene: Scene;
  /** From each death to the next recovery. */
  readonly gapMs: number;
  readonly #before: readonly HostListing[];
  readonly #pictureBefore: WorldPicture;
  readonly #diskBefore: string | null;
  #missed: string | null = null;

  constructor(
    point: Point,
    { gapMs, storePath }: { readonly gapMs: number; readonly storePath: string },
  ) {
    this.point = point;
    this.gapMs = gapMs;
    this.scene = new Scene(point.scenario, storePath);
    this.#before = this.scene.world.listing();
    this.#pictureBefore = this.#picture();
    this.#diskBefore = this.#disk('hostA');
  }

  /** Its process has been killed at the end of that life. */
  noteDeath(life: number): void {
    const { scene, point } = this;
    const [first] = point.stops;
    // A later life need not be long enough for its stop; the first one is known to be.
    if (life > 0 || first === undefined) return;
    if (scene.state !== 'stands')
      this.#missed = `it never came to ${point.label}: ${scene.broke ?? scene.state}`;
    else if (labelAt(scene.life, first) !== point.label)
      this.#missed = `it came to ${labelAt(scene.life, first)} instead of ${point.label}`;
  }

  row(): Row {
    const { point, scene } = this;
    const end = this.#end();
    const neverEnded = end === null ? `it never ended: ${scene.broke ?? scene.state}` : null;
    const problem = this.#missed ?? neverEnded;
    const recoverMs = (scene.endedAtEpochMs ?? NaN) - (scene.recoversFromEpochMs ?? NaN);
    return {
      machine: point.scenario.machine,
      scenario: point.scenario.name,
      point: point.label,
      fault: faultOf(point),
      outcome: end?.outcome ?? 'unfinished',
      recoverS: Number.isNaN(recoverMs) ? null : recoverMs / 1_000,
      leaks: end === null ? [] : leaksOf(end),
      wrong: problem === null && end !== null ? judgeEnd(end) : [problem ?? ''],
    };
  }

  /** `null`: it has none. */
  #end(): End | null {
    const { scene, point } = this;
    const outcome = scene.state === 'nothingLeft' ? 'notBegun' : scene.outcome;
    if (outcome === null || scene.state === 'broke') return null;
    return {
      scenario: point.scenario,
      outcome,
      failure: scene.failure,
      told: scene.told,
      arrived: scene.arrived,
      before: this.#before,
      after: scene.world.listing(),
      pictures: { before: this.#pictureBefore, after: this.#picture() },
      ticks: scene.world.ticks(this.#uuid),
      disks: { before: this.#diskBefore, after: hostNames.map((host) => this.#disk(host)) },
      remains: storeRemains(scene.storePath),
    };
  }

  get #uuid(): string {
    return this.#before.flatMap(({ domains }) => domains)[0]?.uuid ?? '';
  }

  #picture(): WorldPicture {
    return pictureSimulated(this.scene.world, this.scene.clock, this.#uuid);
  }

  #disk(host: string): string | null {
    const path = this.point.scenario.domain.disks?.[0]?.path;
    return path === undefined ? null : this.scene.world.fingerprint(host, path);
  }
}

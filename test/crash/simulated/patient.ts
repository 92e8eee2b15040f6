import { pictureSimulated } from '../../../src/testing/index.ts';
import type { Row } from '../row.ts';
import type { End, Sight } from './end.ts';
import { judgeEnd, leaksOf } from './judge.ts';
import type { Point } from './points.ts';
import { faultOf, labelAt } from './points.ts';
import type { Scene } from './scene.ts';
import { storeRemains } from '../store-remains.ts';

/** One point, the world that it is struck in, and what is known of both. */
export class Patient {
  readonly point: Point;
  readonly scene: Scene;
  /** From each death to the next recovery. */
  readonly gapMs: number;
  readonly #before: Sight;
  #missed: string | null = null;

  /** `scene` is prepared. */
  constructor(point: Point, scene: Scene, gapMs: number) {
    this.point = point;
    this.gapMs = gapMs;
    this.scene = scene;
    this.#before = this.#look();
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
      leaks: end === null ? [] : leaksOf(point.scenario, end),
      wrong: problem === null && end !== null ? judgeEnd(point.scenario, end) : [problem ?? ''],
    };
  }

  /** `null`: it has none. */
  #end(): End | null {
    const { scene } = this;
    const outcome = scene.state === 'nothingLeft' ? 'notBegun' : scene.outcome;
    if (outcome === null || scene.state === 'broke') return null;
    return {
      outcome,
      failure: scene.failure,
      artefacts: scene.artefacts,
      told: scene.told,
      arrived: scene.arrived,
      before: this.#before,
      after: this.#look(),
      remains: storeRemains(scene.storePath),
    };
  }

  #look(): Sight {
    const { clock, scenario, uuid, world } = this.scene;
    const paths = (scenario.domain.disks ?? []).map(({ path }) => path);
    return {
      listing: world.listing(),
      picture: pictureSimulated(world, clock, uuid),
      ticks: world.ticks(uuid),
      files: scenario.hosts.flatMap(({ name }) =>
        world.files(name).map(({ path, backingPath }) => ({
          path,
          backingPath,
          lastTick: world.lastTickOn(name, path),
        })),
      ),
      disks: scenario.hosts.map(({ name }) => world.fingerprint(name, paths[0] ?? '')),
    };
  }
}

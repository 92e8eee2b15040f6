import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { EngineHandle } from './engine-handle.ts';
import type { Task } from './messages.ts';
import { Patient } from './patient.ts';
import type { Row } from '../row.ts';
import type { Point } from './points.ts';
import { pointsOf } from './points.ts';
import { letBegin, passAlone, playRounds } from './rounds.ts';
import type { Scenario } from './scenario.ts';
import { Scene } from './scene.ts';

const sharedMemory = '/dev/shm';

/**
 * How long the hosts are left alone until somebody recovers: as good as not, or longer than any wait of
 * a chart, in turn for each of the two kills at one commit.
 */
const gapsMs = [20, 400_000] as const;
const gapOf = (at: number): number => gapsMs[(at + (at >> 1)) % 2 === 0 ? 0 : 1];

/** So many runs live in one process, and so many processes live at once. */
const batchSize = 250;
const lanes = 2;

/** Every commit and every call that a run makes when nothing disturbs it. */
export function findPoints(scenarios: readonly Scenario[]): Promise<Point[]> {
  return inDirectory(async (directory) => {
    const scenes = scenarios.map((scenario, at) => new Scene(scenario, join(directory, `${at}`)));
    await letBegin(scenes);
    for (const scene of scenes) scene.live(start(scene.scenario), null);
    await liveAndDie(scenes);
    return scenes.flatMap(pointsOf);
  });
}

/** Strikes every point. Order is kept. */
export async function strike(points: readonly Point[]): Promise<Row[]> {
  const batches: (readonly Point[])[] = [];
  for (let at = 0; at < points.length; at += batchSize)
    batches.push(points.slice(at, at + batchSize));
  const struck: Row[][] = [];
  const waiting = batches.entries();
  const lane = async (): Promise<void> => {
    for (const [at, batch] of waiting) struck[at] = await strikeBatch(batch);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return struck.flat();
}

/** One life after the other, each in a process of its own, until every run is over. */
function strikeBatch(points: readonly Point[]): Promise<Row[]> {
  return inDirectory(async (directory) => {
    const scenes = points.map(({ scenario }, at) => new Scene(scenario, join(directory, `${at}`)));
    await letBegin(scenes);
    const patients = points.map((point, at) => new Patient(point, sceneOf(scenes, at), gapOf(at)));
    let living = patients;
    for (let life = 0; living.length > 0; life += 1) {
      for (const { point, scene } of living)
        scene.live(life === 0 ? start(point.scenario) : recover, point.stops[life] ?? null);
      await liveAndDie(living.map(({ scene }) => scene));
      for (const patient of living) patient.noteDeath(life);
      for (const gapMs of gapsMs) {
        const alone = living.filter((patient) => patient.gapMs === gapMs);
        await passAlone(
          alone.map(({ scene }) => scene),
          gapMs,
        );
      }
      living = living.filter(({ scene }) => scene.state === 'stands');
    }
    return patients.map((patient) => patient.row());
  });
}

const start = (scenario: Scenario): Task => ({
  do: 'start',
  ...(scenario.kind === 'migration'
    ? { machine: 'liveMigration', input: scenario.input }
    : scenario.run),
});
const recover: Task = { do: 'recover' };

/** All of them go as far as they may; then their process is killed, whatever they are at. */
async function liveAndDie(scenes: readonly Scene[]): Promise<void> {
  const engine = new EngineHandle();
  try {
    await playRounds(engine, scenes);
  } finally {
    await engine.kill();
    for (const scene of scenes) scene.hangUp();
  }
}

/** In memory where the system has a place for it: a process is killed here, not a machine. */
async function inDirectory<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const place = existsSync(sharedMemory) ? sharedMemory : tmpdir();
  const directory = await mkdtemp(join(place, 'virtstate-crash-'));
  try {
    return await work(directory);
  } finally {
    await rm(directory, { recursive: true });
  }
}

function sceneOf(scenes: readonly Scene[], at: number): Scene {
  const scene = scenes[at];
  if (scene === undefined) throw new Error(`there is no scene ${at}`);
  return scene;
}

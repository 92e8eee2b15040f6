import type { EngineHandle } from './engine-handle.ts';
import type { Scene } from './scene.ts';

/**
 * Worlds and engines in turns: whatever can happen in the worlds happens, then the engines' process
 * has its say, until every run stands or is over. Nothing races, so a run is the same every time.
 */
export async function playRounds(engine: EngineHandle, scenes: readonly Scene[]): Promise<void> {
  const numbered = scenes.map((scene, run) => ({ scene, run }));
  for (;;) {
    await letWorldsGoOn(scenes);
    const going = numbered.filter(({ scene }) => scene.state === 'going');
    if (going.length === 0) return;
    const parcels = await engine.exchange(going.map(({ scene, run }) => scene.parcel(run)));
    for (const parcel of parcels) scenes[parcel.run]?.receive(parcel);
  }
}

/** Whatever is done before the runs is done. */
export async function letBegin(scenes: readonly Scene[]): Promise<void> {
  const begun = Promise.all(scenes.map((scene) => scene.prepare()));
  for (let left = scenes; left.length > 0; left = left.filter(({ isPrepared }) => !isPrepared)) {
    for (const { clock } of left) clock.fireNext();
    await settled();
  }
  await begun;
}

/** Time passes in worlds that no engine lives in. */
export async function passAlone(scenes: readonly Scene[], delayMs: number): Promise<void> {
  const untilEpochMs = scenes.map(({ clock }) => clock.nowEpochMs() + delayMs);
  for (;;) {
    await settled();
    const due = scenes.filter(({ clock }, at) => {
      const next = clock.nextEpochMs;
      return next !== null && next <= (untilEpochMs[at] ?? 0);
    });
    if (due.length === 0) break;
    for (const { clock } of due) clock.fireNext();
  }
  for (const [at, { clock }] of scenes.entries()) clock.moveTo(untilEpochMs[at] ?? 0);
  await settled();
}

async function letWorldsGoOn(scenes: readonly Scene[]): Promise<void> {
  await settled();
  for (;;) {
    const moved = scenes.filter((scene) => scene.state === 'going' && scene.step());
    if (moved.length === 0) return;
    await settled();
  }
}

/** The worlds are made of promises alone, and all of them have been answered by then. */
function settled(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

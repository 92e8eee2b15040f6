import { z } from 'zod';

import type { Log } from '../../ports/log.ts';
import { labStage } from '../demo-lab.ts';
import { simulatedStage } from '../demo-simulated.ts';
import type { SceneName, Stage } from '../demo-stage.ts';
import type { Style, Surroundings } from '../display/presenters.ts';
import type { RunResult } from '../display/run-result.ts';
import { exitStatus } from '../exit-status.ts';
import { LabClient, LabClientError } from '../lab-client.ts';
import { createLog } from '../log.ts';
import { readCommonOptions } from '../options/common-options.ts';
import { storePlaceOf } from '../records/with-store.ts';
import { shownMigration } from '../workflows/migration.ts';
import { driveWorkflow } from './drive-workflow.ts';

const scenes: readonly { readonly name: SceneName; readonly words: string }[] = [
  { name: 'converges', words: 'a running guest moves with its disk, and completes' },
  {
    name: 'failsInPerform',
    words: "the destination's daemon dies in PERFORM3: it must roll back and leave nothing behind",
  },
];

/**
 * `virtstate demo`: two migrations on the best that the machine has.
 *
 * @returns 0 when both went as announced, 130 when one was aborted, else 1
 */
export async function demo(
  options: Record<string, unknown>,
  surroundings: Surroundings,
): Promise<number> {
  const { style, logLevel } = readCommonOptions(options);
  const { lab } = z.object({ lab: z.string() }).parse(options);
  const { output } = surroundings;
  const place = storePlaceOf(options, surroundings);
  const stage = await chooseStage(lab, { log: createLog(logLevel, output), place });
  const tell = (line: object, words: string): void =>
    output.print(style === 'json' ? JSON.stringify(line) : words);
  tell(
    { type: 'demo.started', stage: stage.kind, words: stage.words },
    `virtstate demo, ${stage.words}`,
  );
  let ok = true;
  for (const [index, { name, words }] of scenes.entries()) {
    tell(
      { type: 'demo.scene', scene: name, words },
      `\n${index + 1}. ${words}${stage.kind === 'lab' ? ' (its guest boots first)' : ''}`,
    );
    const { status, result } = await play(stage, name, style, surroundings);
    if (status === exitStatus.aborted || status === exitStatus.left) return status;
    const asAnnounced = isAsAnnounced(name, result);
    tell(
      { type: 'demo.scene.finished', scene: name, asAnnounced },
      asAnnounced ? '   as announced' : '   NOT as announced',
    );
    ok &&= asAnnounced;
  }
  tell({ type: 'demo.finished', ok }, ok ? '\nboth went as announced' : '\nthe demo failed');
  return ok ? exitStatus.completed : exitStatus.rolledBack;
}

async function play(stage: Stage, name: SceneName, style: Style, surroundings: Surroundings) {
  const { composition, input, onEvent, end } = await stage.prepare(name);
  try {
    const shown = shownMigration(input);
    return await driveWorkflow(composition, { shown, input, style, onEvent }, surroundings);
  } finally {
    await end();
  }
}

/** The lab where it is up, else the simulated world. */
async function chooseStage(
  labName: string,
  { log, place }: { readonly log: Log; readonly place: string },
): Promise<Stage> {
  const lab = LabClient.find(labName);
  if (lab === null) return simulatedStage(log, 'the lab comes only with a checkout');
  try {
    return await labStage(lab, { log, place });
  } catch (error) {
    if (error instanceof LabClientError)
      return simulatedStage(log, `no lab can be used (${error.message})`);
    throw error;
  }
}

function isAsAnnounced(name: SceneName, result: RunResult): boolean {
  if (result.ended !== 'finished') return false;
  if (name === 'converges') return result.outcome === 'completed';
  const reachedPerform = result.phases.some(({ phase }) => phase === 'PERFORM3');
  return result.outcome === 'rolledBack' && reachedPerform;
}

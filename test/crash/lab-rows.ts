import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

import { VitestProcess } from '../runner/vitest-process.ts';

const labRow = z.object({
  machine: z.string(),
  /** Of source and destination, by the daemons' own files. */
  phase: z.string(),
  fault: z.string(),
  outcome: z.string(),
  /** `null`: nothing of ours had to recover. */
  recoverS: z.number().nullable(),
});

/** What came of one kill on the lab. */
export type LabRow = z.infer<typeof labRow>;

const file = join(import.meta.dirname, 'lab-rows.json');

/** Where our process is killed, and where the daemons are. */
const suites = [
  'test/crash/lab/peer2peer.test.ts',
  'test/crash/lab/client-driven.nightly.test.ts',
  'test/lab/migration-daemon-kill.test.ts',
  'test/lab/migration-daemon-kill-late.test.ts',
];

/** Of the last time that somebody struck the lab. */
export async function readLabRows(): Promise<LabRow[]> {
  if (!existsSync(file)) return [];
  return z.array(labRow).parse(JSON.parse(await readFile(file, 'utf8')));
}

/** Runs the suites whole and keeps their manifests. @throws Error when one of them fails */
export async function strikeLab(): Promise<void> {
  const environment = { VIRTSTATE_NIGHTLY: '1', VIRTSTATE_LAB: 'require' };
  const { code, output } = await new VitestProcess().run(['run', ...suites], environment, 'pipe');
  if (code !== 0) throw new Error(`the suites on the lab failed:\n${output}`);
  const rows = output.split('\n').flatMap(readLine);
  await writeFile(file, `${JSON.stringify(rows, null, 2)}\n`);
}

/** A line of a manifest: machine x phase x fault x outcome. */
function readLine(line: string): LabRow[] {
  const match = /^(\w\S*) x (.+) x (SIGKILL of .+) x (\w+)(?: in ([\d.]+) s)?$/.exec(line.trim());
  if (match === null) return [];
  const [, machine = '', phase = '', fault = '', outcome = '', recoverS] = match;
  return [{ machine, phase, fault, outcome, recoverS: recoverS ? Number(recoverS) : null }];
}

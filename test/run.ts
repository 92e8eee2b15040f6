import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { labAvailability } from '../lab/index.ts';
import { clientLab, downLabsOf } from './runner/client-lab.ts';
import { plainLine, reportSchema, skippedLines, summarise, timeLines } from './runner/report.ts';
import type { Summary } from './runner/report.ts';
import { VitestProcess } from './runner/vitest-process.ts';
import { labMode } from './support/lab-mode.ts';

const root = join(import.meta.dirname, '..');
/** What tests leave for a person to look at; not part of the repository. */
const artefacts = join(root, 'artefacts');
const ownArguments = process.argv.slice(2);
const vitestArguments = ownArguments.filter((argument) => argument !== '--nightly');
/** The first part of the name of every lab that belongs to this run. */
const runName = `t${process.pid}`;
const environment: Record<string, string> = {
  VIRTSTATE_TEST_RUN: runName,
  ...(ownArguments.includes('--nightly') ? { VIRTSTATE_NIGHTLY: '1' } : {}),
};
const vitest = new VitestProcess();

function say(lines: readonly string[]): void {
  process.stdout.write(lines.map((line) => `${line}\n`).join(''));
}

/** Whether the client's tests, whose daemons must be up before they start, are among those asked for. */
async function wantsClientLab(): Promise<boolean> {
  if (labMode() === 'off' || !(await labAvailability()).ok) return false;
  const listing = ['list', '--filesOnly', ...vitestArguments];
  const { output } = await vitest.run(listing, environment, 'pipe');
  return output.includes('packages/node-libvirt/test/');
}

async function runTests(reportFile: string): Promise<Summary> {
  // Those of another run would say what this one did not see.
  await rm(artefacts, { recursive: true, force: true });
  if (await wantsClientLab()) Object.assign(environment, await clientLab(`${runName}-client`));
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`];
  const args = ['run', ...reporters, ...vitestArguments];
  const { code } = await vitest.run(args, environment, 'inherit');
  const report = reportSchema.parse(JSON.parse(await readFile(reportFile, 'utf8')));
  const summary = summarise(report, root);
  // Errors outside of any test fail vitest without failing a test.
  return code === 0 || summary.failed > 0 ? summary : { ...summary, failed: 1 };
}

function tell(summary: Summary): void {
  say(['', 'Time per tier:', ...timeLines(summary.times)]);
  if (existsSync(artefacts)) say(['', `Pictures of the inspector: ${artefacts}`]);
  if (summary.skipped.length === 0) return;
  const judgement = labMode() === 'require' ? ' (a failure with VIRTSTATE_LAB=require)' : '';
  say(['', `Skipped${judgement}:`, ...skippedLines(summary.skipped)]);
}

async function main(): Promise<number> {
  const reports = await mkdtemp(join(tmpdir(), 'virtstate-test-'));
  let summary: Summary = { passed: 0, failed: 1, skipped: [], times: [] };
  try {
    summary = await runTests(join(reports, 'report.json'));
    tell(summary);
  } catch (error) {
    say(['', vitest.wasInterrupted ? 'Interrupted.' : `The test run broke: ${String(error)}`]);
  } finally {
    const left = (await downLabsOf(runName)).filter((name) => name !== `${runName}-client`);
    if (left.length > 0) say(['', `Labs that tests left up, now down: ${left.join(', ')}`]);
    await rm(reports, { recursive: true });
  }
  say(['', plainLine(summary)]);
  if (vitest.wasInterrupted) return 130;
  const mustNotSkip = labMode() === 'require' && summary.skipped.length > 0;
  return summary.failed > 0 || mustNotSkip ? 1 : 0;
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => vitest.interrupt());
}
process.exitCode = await main();

import { relative } from 'node:path';
import { z } from 'zod';
import { tierOf } from './tiers.ts';

const assertionSchema = z.object({
  fullName: z.string(),
  status: z.enum(['passed', 'failed', 'skipped', 'pending', 'todo', 'disabled']),
  meta: z.object({ skipReason: z.string().optional() }).optional(),
});

const fileSchema = z.object({
  name: z.string(),
  status: z.enum(['passed', 'failed']),
  startTime: z.number(),
  endTime: z.number(),
  assertionResults: z.array(assertionSchema),
});

/** What vitest's own JSON reporter writes, as far as it is read here. */
export const reportSchema = z.object({ testResults: z.array(fileSchema) });
export type Report = z.infer<typeof reportSchema>;
type FileResult = Report['testResults'][number];

export interface Skipped {
  readonly file: string;
  readonly name: string;
  readonly reason: string;
}

export interface TierTime {
  readonly tier: string;
  readonly files: number;
  readonly tests: number;
  /** From the start of its first test to the end of its last one. */
  readonly wallMs: number;
}

/** A test run in numbers. */
export interface Summary {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: readonly Skipped[];
  readonly times: readonly TierTime[];
}

function failuresIn(file: FileResult): number {
  const failed = file.assertionResults.filter(({ status }) => status === 'failed').length;
  // A file that cannot be loaded, or whose hooks fail, has no failed test and is a failure all the same.
  return failed === 0 && file.status === 'failed' ? 1 : failed;
}

/** Suites that know nothing of this runner tell the reason in their name. */
function reasonIn(name: string): string | undefined {
  return /\(skipped: ([^)]+)\)/.exec(name)?.[1];
}

function skipsIn(file: FileResult, root: string): Skipped[] {
  return file.assertionResults
    .filter(({ status }) => status !== 'passed' && status !== 'failed')
    .map(({ fullName, meta }) => ({
      file: relative(root, file.name),
      name: fullName,
      reason: meta?.skipReason ?? reasonIn(fullName) ?? 'no reason given',
    }));
}

/** Whether anything of a file ran; vitest gives times of its own to files of which nothing did. */
function hasRun({ assertionResults }: FileResult): boolean {
  return assertionResults.some(({ status }) => status === 'passed' || status === 'failed');
}

function timesOf(report: Report, root: string): TierTime[] {
  const byTier = Map.groupBy(
    report.testResults.filter(hasRun),
    (file) => tierOf(relative(root, file.name))?.name ?? 'other',
  );
  return [...byTier].map(([tier, files]) => ({
    tier,
    files: files.length,
    tests: files.reduce((sum, file) => sum + file.assertionResults.length, 0),
    wallMs:
      Math.max(...files.map(({ endTime }) => endTime)) -
      Math.min(...files.map(({ startTime }) => startTime)),
  }));
}

/** Counts a report; paths are told from the repository's `root`. */
export function summarise(report: Report, root: string): Summary {
  const tests = report.testResults.flatMap(({ assertionResults }) => assertionResults);
  return {
    passed: tests.filter(({ status }) => status === 'passed').length,
    failed: report.testResults.reduce((sum, file) => sum + failuresIn(file), 0),
    skipped: report.testResults.flatMap((file) => skipsIn(file, root)),
    times: timesOf(report, root),
  };
}

/** What was skipped and why: one line for each reason and file. */
export function skippedLines(skipped: readonly Skipped[]): string[] {
  const groups = Map.groupBy(skipped, ({ file, reason }) => `${file}: ${reason}`);
  return [...groups].map(([where, tests]) => `  ${tests.length} x ${where}`);
}

/** Where the time went: one line for each tier. */
export function timeLines(times: readonly TierTime[]): string[] {
  return times.map(
    ({ tier, files, tests, wallMs }) =>
      `  ${tier.padEnd(12)}${(wallMs / 1000).toFixed(1).padStart(7)} s  ${tests} tests in ${files} files`,
  );
}

/** The line on which every test run ends. */
export function plainLine({ passed, failed, skipped }: Summary): string {
  return `${passed} passed, ${failed} failed, ${skipped.length} skipped`;
}

import { toFailure } from '../../ports/failure.ts';
import { exitStatus } from '../exit-status.ts';
import type { Output } from '../output.ts';
import type { Style } from '../display/presenters.ts';
import { oneLine } from '../display/quantities.ts';
import { refusalLine } from '../display/refusal.ts';
import type { Judgement } from '../workflows/judges.ts';

interface DryRun {
  readonly judge: (signal: AbortSignal) => Promise<Judgement>;
  /** The name that may have been meant, where a check objects to one. */
  readonly nearest: (check: string) => Promise<string | null>;
  readonly style: Style;
}

/** Judges every precheck and touches nothing: 0 when none objects. */
export async function dryRun({ judge, nearest, style }: DryRun, output: Output): Promise<number> {
  const stop = new AbortController();
  const interrupt = (): void => stop.abort(new Error('interrupted'));
  process.once('SIGINT', interrupt);
  try {
    const { foretold, verdicts } = await judge(stop.signal);
    const ok = verdicts.every(({ objection }) => objection === null);
    for (const { check, objection } of verdicts) {
      const meant = objection === null ? null : await nearest(check);
      const hint = meant === null ? {} : { nearest: meant };
      const line = { type: 'check', check, ok: objection === null, objection, ...hint };
      output.print(style === 'json' ? JSON.stringify(line) : toWords(check, objection, meant));
    }
    if (style === 'words' && foretold !== undefined) output.print(oneLine(foretold));
    if (style === 'json') output.print(JSON.stringify({ type: 'checks.finished', ok, foretold }));
    else output.print(ok ? 'nothing speaks against it' : 'it would be refused');
    return ok ? exitStatus.completed : exitStatus.refused;
  } catch (error) {
    output.say(refusalLine(toFailure(error)));
    return stop.signal.aborted ? exitStatus.aborted : exitStatus.refused;
  } finally {
    process.off('SIGINT', interrupt);
  }
}

function toWords(check: string, objection: string | null, meant: string | null): string {
  if (objection === null) return `ok         ${check}`;
  const hint = meant === null ? '' : `; did you mean ${meant}?`;
  return `objection  ${check}: ${oneLine(`${objection}${hint}`)}`;
}

import type { ReportFraction } from '../../ports/images.ts';

const printed = /\((\d{1,3}(?:\.\d+)?)\/100%\)/g;
/** Longer than anything that qemu-img prints at once. */
const tailCharacters = 32;

/**
 * Reads what `qemu-img -p` prints, as `(12.34/100%)`, from its output in whatever pieces it comes.
 * Goes up only: a commit counts from 0 for each of its passes.
 */
export function progressReader(report: ReportFraction): (text: string) => void {
  let tail = '';
  let highest = -1;
  return (text) => {
    const seen = tail + text;
    const found = [...seen.matchAll(printed)].at(-1);
    const end = found === undefined ? 0 : found.index + found[0].length;
    tail = seen.slice(end).slice(-tailCharacters);
    const fraction = Math.min(1, Number(found?.[1] ?? Number.NaN) / 100);
    if (!(fraction > highest)) return;
    highest = fraction;
    report(fraction);
  };
}

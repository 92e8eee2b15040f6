import { styleText } from 'node:util';

/** Emphasis, where the terminal shows any. */
export interface Paint {
  readonly strong: (text: string) => string;
  readonly faint: (text: string) => string;
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
}

const asIs = (text: string): string => text;

export const noPaint: Paint = { strong: asIs, faint: asIs, good: asIs, bad: asIs };

const colours: Paint = {
  strong: (text) => styleText('bold', text, { validateStream: false }),
  faint: (text) => styleText('dim', text, { validateStream: false }),
  good: (text) => styleText('green', text, { validateStream: false }),
  bad: (text) => styleText('red', text, { validateStream: false }),
};

/** For a terminal; without colours where NO_COLOR is set (no-color.org). */
export function paintFor(environment: Readonly<Record<string, string | undefined>>): Paint {
  return (environment['NO_COLOR'] ?? '') === '' ? colours : noPaint;
}

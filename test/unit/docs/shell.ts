/** A command as it stands in a page, as words. */
export type Words = readonly string[];

interface Token {
  readonly text: string;
  readonly isQuoted: boolean;
}

/** Words, operators and ends of lines; quotes are taken off, comments left out. */
function tokensOf(code: string): Token[] {
  const found = code.matchAll(/'([^']*)'|"([^"]*)"|(\n)|(?:^|(?<=\s))#[^\n]*|([^\s'"]+)/g);
  return [...found].flatMap(([, single, double, end, plain]): Token[] => {
    const text = single ?? double;
    if (text !== undefined) return [{ text, isQuoted: true }];
    const other = end ?? plain;
    return other === undefined ? [] : [{ text: other, isQuoted: false }];
  });
}

/** The commands of a block, in order: what output is piped into, and redirections are left out. */
export function commandsOf(code: string): Words[] {
  const commands: string[][] = [[]];
  let isSkipped = false;
  for (const { isQuoted, text } of tokensOf(code.replaceAll(/\\\n\s*/g, ' '))) {
    if (!isQuoted && (text === '&&' || text === '\n')) {
      commands.push([]);
      isSkipped = false;
    } else if (!isQuoted && (text === '|' || text === '>')) isSkipped = true;
    else if (!isSkipped) commands.at(-1)?.push(text);
  }
  return commands.filter((words) => words.length > 0);
}

/** Names of the long options among words, without their values. */
export function longOptions(words: Words): string[] {
  return words.flatMap((word) => /^--[a-z][a-z-]*/.exec(word)?.[0] ?? []);
}

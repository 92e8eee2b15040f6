/** What one check made of what was found out. */
export interface CheckVerdict<Name extends string = string> {
  readonly check: Name;
  /** `null`: nothing speaks against it; else what is wrong and what to do. */
  readonly objection: string | null;
}

/** Judges everything, in the order of the table. */
export function judgeAll<Subject, Name extends string>(
  checks: Readonly<Record<Name, (subject: Subject) => string | null>>,
  subject: Subject,
): readonly CheckVerdict<Name>[] {
  return namesOf(checks).map((check) => ({ check, objection: checks[check](subject) }));
}

/** The names of a table, as what they are. */
export function namesOf<Name extends string>(table: Readonly<Record<Name, unknown>>): Name[] {
  return Object.keys(table).filter((name): name is Name => name in table);
}

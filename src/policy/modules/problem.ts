/** A problem of a module, with its place as far as it is known. Lines and columns count from 1. */
export interface ModuleProblem {
  /** The path of the file, as it was given. */
  readonly file: string;
  readonly line?: number | undefined;
  readonly column?: number | undefined;
  readonly message: string;
}

/** Modules that are not loaded. The message has a line for each problem. */
export class ModuleError extends Error {
  override readonly name = 'ModuleError';

  constructor(
    readonly problems: readonly ModuleProblem[],
    /** The files that were read, to detect when one of them changes. */
    readonly files: readonly string[],
  ) {
    super(problems.map(formatModuleProblem).join('\n'));
  }
}

export function formatModuleProblem({ file, line, column, message }: ModuleProblem): string {
  const place = [file, line, column].filter((each) => each !== undefined).join(':');
  return `${place}: ${message}`;
}

/** A module that cannot be loaded. */
export class UnloadableModule extends Error {
  override readonly name = 'UnloadableModule';

  constructor(readonly problem: ModuleProblem) {
    super(problem.message);
  }
}

import { Argument, Option } from 'commander';

export interface ReportOptions {
  readonly junit?: string;
}

export function pathsArgument(): Argument {
  return new Argument(
    '[paths...]',
    'files, directories, and shipped policies as builtin:NAME; by default POLICY',
  );
}

export function junitOption(): Option {
  return new Option('--junit <file>', 'also write a report of JUnit to this file');
}

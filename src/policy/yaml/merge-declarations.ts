import type { PolicyDocument } from './policy-document.ts';
import type { Report } from './report.ts';

/** The declarations of a file, and the report of its problems. */
export type ReportedDocument = PolicyDocument & { readonly report: Report };

/** A declaration, with its path in the document. */
type Declared = { readonly at: readonly (string | number)[] };

/** The word for a declaration, its name, and the declarations of modules. */
type NamedBy<T, Value> = readonly [
  what: string,
  nameOf: (declared: T) => string,
  ofModules?: {
    readonly values: ReadonlyMap<string, Value>;
    readonly placeOf: (value: Value) => string;
  },
];

/** Builds the declarations of all files and modules by name. A name may be declared once. */
export function mergeDeclarations<T extends Declared, Value>(
  documents: readonly ReportedDocument[],
  {
    list,
    named: [what, nameOf, ofModules],
    build,
  }: {
    readonly list: (document: ReportedDocument) => readonly T[];
    readonly named: NamedBy<T, Value>;
    readonly build: (declared: T, document: ReportedDocument) => Value | undefined;
  },
): ReadonlyMap<string, Value> {
  const built = new Map<string, Value>(ofModules?.values);
  const places = new Map<string, string>(
    ofModules && [...built].map(([name, value]) => [name, `in ${ofModules.placeOf(value)}`]),
  );
  for (const document of documents) {
    for (const declared of list(document)) {
      const name = nameOf(declared);
      const other = places.get(name);
      if (other !== undefined) {
        document.report.at(declared.at, `the ${what} ${name} is declared ${other} as well`, 'key');
        continue;
      }
      places.set(name, `at ${document.report.placeText(declared.at)}`);
      const value = build(declared, document);
      if (value !== undefined) built.set(name, value);
    }
  }
  return built;
}

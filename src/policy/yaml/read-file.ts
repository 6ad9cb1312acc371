import { orderProblems, type Problem } from './problem.ts';
import { readDocument, type Locator, type YamlDocument } from './read-document.ts';
import type { SchemaFault } from './schema-error.ts';
import { validate } from './validate.ts';
import type { SchemaName } from './validators.ts';

/** A file that was read, and where its parts are. */
export interface ReadFile<Document> extends Locator {
  /** The name of the file, as it was given. */
  readonly file: string;
  readonly document: Document;
}

/** Why a file could not be read: at least one problem, in the order of the file. */
export interface Unreadable {
  readonly problems: readonly Problem[];
}

/** How a file is read. */
interface Reading<Value, Document> {
  readonly schema: SchemaName;
  /** Keys of files of another kind, and how the name of such a file differs. */
  readonly foreign?: { readonly keys: readonly string[]; readonly names: string };
  /** Writes out the short forms of a value that the schema allows. */
  readonly convert: (value: Value) => Document;
  /** Checks that the schema cannot express. */
  readonly check: (document: Document) => readonly SchemaFault[];
}

/** Returns a function that reads a file by its schema. All problems of a file are reported together; it never throws. */
export const createReader =
  <Value, Document>({ schema, foreign, convert, check }: Reading<Value, Document>) =>
  (file: string, content: string | Uint8Array): ReadFile<Document> | Unreadable => {
    const { document: yaml, problems: faults } = readDocument(file, content);
    if (yaml === undefined) return { problems: faults };
    const invalid = misnamedFile(file, yaml, foreign) ?? validate(file, yaml, schema);
    if (faults.length + invalid.length > 0)
      return { problems: orderProblems([...faults, ...invalid]) };
    const document = convert(yaml.value as Value);
    const problems = check(document).map(({ path, part, message }) => ({
      file,
      ...yaml.locate(path, part),
      message,
    }));
    if (problems.length > 0) return { problems: orderProblems(problems) };
    return { file, document, locate: yaml.locate, locateIn: yaml.locateIn };
  };

/** Otherwise every key of a misnamed file would be a problem, and none would say that its name is wrong. */
function misnamedFile(
  file: string,
  { value, locate }: YamlDocument,
  foreign: Reading<unknown, unknown>['foreign'],
): readonly Problem[] | undefined {
  const key = foreign?.keys.find((each) => Object.hasOwn(Object(value) as object, each));
  if (foreign === undefined || key === undefined) return undefined;
  return [{ file, ...locate([key], 'key'), message: `${key} is a key of ${foreign.names}` }];
}

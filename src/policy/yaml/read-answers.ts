import type { Answer } from '../policy.ts';
import type { AnswersDocument } from './policy-document.ts';
import { mapValues, type Raw } from './raw.ts';
import { createReader } from './read-file.ts';

/** A file of answers, as in the file. */
interface RawAnswers {
  readonly missing: string;
  readonly refusals: Raw<Answer> & { readonly otherwise: Answer };
}

/** Reads a file of answers. */
export const readAnswersFile = createReader<RawAnswers, AnswersDocument>({
  schema: 'answers.schema.json',
  convert: ({ missing, refusals: { otherwise, ...others } }) => ({
    ...{ missing, otherwise },
    refusals: mapValues(others, [], (answer) => answer),
  }),
  check: () => [],
});

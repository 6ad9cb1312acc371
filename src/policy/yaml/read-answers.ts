import type { Answer } from '../policy.ts';
import type { AnswersDocument } from './policy-document.ts';
import { mapValues, type Raw } from './raw.ts';
import { createReader } from './read-file.ts';

/** An answer style, as in the file. */
interface RawAnswers {
  readonly missing: string;
  readonly refusals: Raw<Answer> & { readonly otherwise: Answer };
}

/** Reads the file of an answer style. */
export const readAnswersFile = createReader<RawAnswers, AnswersDocument>({
  schema: 'answers.schema.json',
  convert: ({ missing, refusals: { otherwise, ...others } }) => ({
    missing,
    otherwise,
    refusals: mapValues(others, [], (answer) => answer),
  }),
  check: () => [],
});

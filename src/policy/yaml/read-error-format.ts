import type { FormattedRefusal } from '../policy.ts';
import type { ErrorFormatDocument } from './policy-document.ts';
import { mapValues, type Raw } from './raw.ts';
import { createReader } from './read-file.ts';

/** An error format, as in the file. */
interface RawErrorFormat {
  readonly missing: string;
  readonly refusals: Raw<FormattedRefusal> & { readonly otherwise: FormattedRefusal };
}

/** Reads the file of an error format. */
export const readErrorFormat = createReader<RawErrorFormat, ErrorFormatDocument>({
  schema: 'error-format.schema.json',
  convert: ({ missing, refusals: { otherwise, ...others } }) => ({
    ...{ missing, otherwise },
    refusals: mapValues(others, [], (refusal) => refusal),
  }),
  check: () => [],
});

/** The version of the package. */
export const version: string;
/** Bundles and minifies a file of `src/`, for browsers with ES2020. */
export function bundle(
  entry: 'index.ts' | 'script.ts',
  format: 'esm' | 'cjs' | 'iife',
): Promise<string>;

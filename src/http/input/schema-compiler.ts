import { Ajv } from 'ajv';

/** Creates a compiler of schemas. In a file of its own: a bundle has no names of a CommonJS package that is imported dynamically. */
export function createCompiler(): Ajv {
  return new Ajv();
}

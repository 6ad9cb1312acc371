/** The package `usher/policy`: what modules of a policy import. */
export type { ParamType } from '../param.ts';
export type { PrincipalView } from '../principal.ts';
export { check } from './check.ts';
export { defineChannel, type DefinedChannel } from './define-channel.ts';
export { defineFact, type DefinedFact, type FactReference } from './define-fact.ts';
export { defineSource, type DefinedSource } from './define-source.ts';

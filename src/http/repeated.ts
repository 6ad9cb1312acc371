/** Stands for a field that was sent more than once: another reader of the body may take another one. */
export const repeated = Symbol('repeated');

/** Marks a field that was sent more than once: another reader of the body may use another of its values. */
export const repeatedField = Symbol('repeated');

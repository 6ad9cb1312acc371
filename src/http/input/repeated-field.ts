/** Marks a field that was sent more than once. Another parser of the body may use a different one of its values. */
export const repeatedField = Symbol('repeated');

import type { ObjectType, Scope } from '../../../src/policy/cel/expression.ts';

const required = <T>(type: T) => ({ type, optional: false });
const optional = <T>(type: T) => ({ type, optional: true });

/** The variables of a rule about a class: a course, a seat in it, the times of a lesson, and a user. */
export const scope = {
  params: { school: required('string'), number: required('int') },
  facts: {
    course: required({
      status: required('string'),
      teachers: required('list(string)'),
      places: optional('int'),
      price: optional('double'),
      hidden: optional('bool'),
      ends_at: optional('timestamp'),
      host: optional({ id: required('string'), user: optional('string') } satisfies ObjectType),
    } satisfies ObjectType),
    seat: optional({ role: required('string') } satisfies ObjectType),
  },
  now: 'timestamp',
  user: {
    id: required('string'),
    tenant: optional('string'),
    name: optional('string'),
    roles: required('list(string)'),
  },
} as const satisfies Scope;

/** A teacher of the course, without a seat. */
export const variables = {
  params: { school: 'north', number: 7 },
  facts: {
    course: {
      status: 'open',
      teachers: ['15', '16'],
      places: 20,
      price: 9.5,
      hidden: false,
      ends_at: new Date('2026-11-27T12:00:00Z'),
      host: { id: 'g1' },
    },
  },
  now: new Date('2026-11-27T11:00:00Z'),
  user: { id: '15', tenant: 'north', roles: ['admin', 'teacher'] },
};

export type ClassVariables = typeof variables;

/** The variables with other fields of the course. */
export const withCourse = (course: Readonly<Record<string, unknown>>) => ({
  ...variables,
  facts: { course: { ...variables.facts.course, ...course } },
});

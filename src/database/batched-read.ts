import { setImmediate } from 'node:timers/promises';
import { createBatches } from '../runtime/batches.ts';

/** Questions of one statement at most. */
const mostAsked = 256;

/** Answers questions with one statement: the answer to each stands in its question's place. Throws `Unavailable`. */
export type AnswerAll<Question, Answer> = (
  questions: readonly Question[],
) => Promise<readonly Answer[]>;

/** Asks together what is asked at the same time. Each question is in a statement that begins after it was asked. */
export function createGroupedRead<Question, Answer>(
  answerAll: AnswerAll<Question, Answer>,
): (question: Question) => Promise<Answer> {
  // What arrived with the same turn of the event loop goes together; nobody waits for what has yet to arrive.
  const mayBegin = () => setImmediate();
  return createBatches({ deal: answerAll, most: mostAsked, mayBegin }).add;
}

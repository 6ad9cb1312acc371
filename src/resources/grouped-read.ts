import { isOutage, type Unavailable } from '../core/unavailable.ts';

/** Questions of one statement at most. */
const mostAsked = 256;

/** Answers questions with one statement: the answer to each stands in its question's place. Throws `Unavailable`. */
export type AnswerAll<Question, Answer> = (
  questions: readonly Question[],
) => Promise<readonly Answer[]>;

interface Waiting<Question, Answer> {
  readonly question: Question;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Asks together what is asked at the same time: one statement at a time, and what comes while it is under way goes into
 * the next. Each question is in a statement that begins after it was asked, so no answer is older than its question.
 */
export function createGroupedRead<Question, Answer>(
  answerAll: AnswerAll<Question, Answer>,
): (question: Question) => Promise<Answer> {
  const queue: Waiting<Question, Answer>[] = [];
  let isRunning = false;

  const run = async (): Promise<void> => {
    // What arrived with the same turn of the event loop goes together; nobody waits for what has yet to arrive.
    await new Promise(setImmediate);
    while (queue.length > 0) await settle(queue.splice(0, mostAsked));
    isRunning = false;
  };
  const settle = async (group: readonly Waiting<Question, Answer>[]): Promise<void> => {
    try {
      const answers = await answerAll(group.map(({ question }) => question));
      for (const [index, { resolve }] of group.entries()) resolve(answers[index] as Answer);
    } catch (error) {
      for (const { reject } of group) reject(error);
      if (isOutage(error)) refuseWaiting(error);
    }
  };
  /** The next statement would meet the same outage, and who waits would wait for as long again, to be refused as well. */
  const refuseWaiting = (error: Unavailable): void => {
    for (const { reject } of queue.splice(0)) reject(error);
  };

  return (question) =>
    new Promise((resolve, reject) => {
      queue.push({ question, resolve, reject });
      if (isRunning) return;
      isRunning = true;
      void run();
    });
}

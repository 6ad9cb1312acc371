import { ServerError } from './connection-pool.ts';
import {
  isSameColumns,
  type BoundStatement,
  type SqlAnswer,
  type SqlColumn,
  type SqlQuestion,
} from './sql-answer.ts';

type Ask = (question: SqlQuestion) => Promise<SqlAnswer>;

export interface GroupDeps {
  /** Asks the server with one statement. */
  readonly ask: Ask;
  /** Waits for the turn of a statement. */
  readonly inTurn: <T>(work: () => Promise<T>) => Promise<T>;
  readonly now: () => number;
}

interface Waiting {
  readonly question: SqlQuestion;
  readonly resolve: (answer: SqlAnswer) => void;
  readonly reject: (error: unknown) => void;
}

/** The questions of one statement. */
interface Group {
  readonly statementOf: (size: number) => BoundStatement;
  waiting: Waiting[];
  /** How many questions may be asked together now. */
  maxSize: number;
  /** The columns of the last question that was asked alone. */
  columns: readonly SqlColumn[] | undefined;
  /** The columns to which those of a group were not equal, because a union can have other types. They prevent groups until they change. */
  unfit: readonly SqlColumn[] | undefined;
}

/** The sizes of groups. A connection prepares a statement for each. */
const sizes = [16, 8, 4, 2];
const largest = Math.max(...sizes);

/** A group is answered with its slowest question, so questions are asked alone after an answer that took the server longer. */
const slowMs = 50;

/**
 * Asks questions with the same statement together, for a third of the processor time of as many statements. Only questions of the
 * same turn of the event loop are combined, so that none waits for a later one. If the server refuses a group, or answers it with
 * other columns, each question is asked alone.
 */
export function groupQuestions({ ask, inTurn, now }: GroupDeps): Ask {
  const groups = new WeakMap<BoundStatement, Group>();
  const askOne: Ask = (question) => inTurn(() => ask(question));

  const askNow = async (asked: readonly Waiting[], group: Group): Promise<void> => {
    const questions = asked.map(({ question }) => question);
    try {
      const { answers, isFast } = await inTurn(async () => {
        const began = now();
        const found = await askTogether(questions, group, ask);
        return { answers: found, isFast: now() - began <= slowMs };
      });
      const isPlain = answers?.every((answer) => answer !== 'impossible-value') === true;
      group.maxSize = isPlain && isFast ? Math.min(group.maxSize * 2, largest) : 1;
      if (answers === undefined) askAlone(asked);
      else for (const [i, { resolve }] of asked.entries()) resolve(answers[i] as SqlAnswer);
    } catch (error) {
      group.maxSize = 1;
      if (asked.length > 1 && isOfOneQuestion(error)) askAlone(asked);
      else for (const { reject } of asked) reject(error);
    }
  };
  const askAlone = (asked: readonly Waiting[]): void => {
    for (const { question, resolve, reject } of asked) askOne(question).then(resolve, reject);
  };
  const askWaiting = (group: Group): void => {
    let rest = group.waiting;
    group.waiting = [];
    const mostNow = group.columns === group.unfit ? 1 : group.maxSize;
    while (rest.length > 0) {
      const size = sizes.find((each) => each <= Math.min(rest.length, mostNow)) ?? 1;
      void askNow(rest.slice(0, size), group);
      rest = rest.slice(size);
    }
  };

  return (question) => {
    const { statement } = question;
    if (statement.grouped === undefined) return askOne(question);
    const group = groups.get(statement) ?? newGroup(statement.grouped);
    groups.set(statement, group);
    return new Promise((resolve, reject) => {
      group.waiting.push({ question, resolve, reject });
      if (group.waiting.length > 1) return;
      setImmediate(() => {
        askWaiting(group);
      });
    });
  };
}

const newGroup = (statementOf: Group['statementOf']): Group => ({
  ...{ statementOf, waiting: [], maxSize: 1 },
  ...{ columns: undefined, unfit: undefined },
});

/** The answers to questions with the same statement; `undefined` if each must be asked alone. */
async function askTogether(
  questions: readonly SqlQuestion[],
  group: Group,
  ask: Ask,
): Promise<readonly SqlAnswer[] | undefined> {
  const [first] = questions;
  if (first === undefined) return [];
  if (questions.length === 1) {
    const answer = await ask(first);
    if (answer !== 'impossible-value' && !isSameColumns(answer.columns, group.columns)) {
      group.columns = answer.columns;
    }
    return [answer];
  }
  const answer = await ask({
    statement: group.statementOf(questions.length),
    values: questions.flatMap(({ values }) => values),
  });
  if (answer === 'impossible-value') return undefined;
  // The first column has the number of the question.
  const columns = answer.columns.slice(1);
  if (!isSameColumns(columns, group.columns)) {
    group.unfit = group.columns;
    return undefined;
  }
  const rows: (readonly unknown[])[][] = questions.map(() => []);
  for (const [place, ...values] of answer.rows) rows[Number(place)]?.push(values);
  return rows.map((each) => ({ columns, rows: each }));
}

/** The codes with which PostgreSQL, MariaDB and MySQL end a statement that takes too long. */
const timeouts: ReadonlySet<unknown> = new Set([
  '57014',
  'ER_STATEMENT_TIMEOUT',
  'ER_QUERY_TIMEOUT',
]);

/** Whether the error can be that of one question. After a timeout of the server each question alone could take as long again. */
function isOfOneQuestion(error: unknown): boolean {
  if (!(error instanceof ServerError)) return false;
  const { code } = Object(error.cause) as { readonly code?: unknown };
  return !timeouts.has(code);
}

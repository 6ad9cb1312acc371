/** Remembers answers by their question, each asked for once however many ask at the same time. */
export interface Shelf<Answer> {
  /** The answer that is here, or on its way; else what `ask` resolves to. What it throws is not remembered. */
  readonly find: (question: string, ask: () => Promise<Answer>) => Promise<Answer>;
  readonly clear: () => void;
}

/** Tells whether an answer was known. */
export type OnLookup = (isKnown: boolean) => void;

/** Creates a shelf for up to twice so many answers: when the younger half is full it becomes the older one, which goes. */
export function createShelf<Answer>(half: number, onLookup: OnLookup): Shelf<Answer> {
  let younger = new Map<string, Promise<Answer>>();
  let older: typeof younger = new Map();
  /** One promise for all that there is nothing of: that nobody was revoked is half of what is remembered. */
  let none: Promise<Answer> | undefined;

  const put = (question: string, answer: Promise<Answer>): Promise<Answer> => {
    if (younger.size >= half) {
      older = younger;
      younger = new Map();
    }
    younger.set(question, answer);
    return answer;
  };
  const replace = (question: string, answer: Promise<Answer>, by?: Promise<Answer>): void => {
    for (const answers of [younger, older]) {
      if (answers.get(question) !== answer) continue;
      if (by === undefined) answers.delete(question);
      else answers.set(question, by);
    }
  };
  return {
    find: (question, ask) => {
      const known = younger.get(question) ?? older.get(question);
      onLookup(known !== undefined);
      if (known !== undefined) return younger.has(question) ? known : put(question, known);
      const answer = put(question, ask());
      answer.then(
        (found) => {
          if (found === undefined) replace(question, answer, (none ??= answer));
        },
        () => {
          replace(question, answer);
        },
      );
      return answer;
    },
    clear: () => {
      younger = new Map();
      older = new Map();
    },
  };
}

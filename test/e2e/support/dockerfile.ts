/** One instruction of a Dockerfile, such as `COPY`, with its flags and what follows them. */
export interface Instruction {
  readonly name: string;
  readonly flags: Readonly<Record<string, string>>;
  readonly rest: string;
}

/** A stage: the lines between one `FROM` and the next. */
export interface Stage {
  readonly name: string;
  readonly base: string;
  readonly instructions: readonly Instruction[];
}

/** Reads the stages of a Dockerfile; throws on a stage without a name, since none of ours is without. */
export function readStages(dockerfile: string): readonly Stage[] {
  const lines = dockerfile
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '');
  const stages: { name: string; base: string; instructions: Instruction[] }[] = [];
  for (const { name, flags, rest } of lines.map(readInstruction)) {
    if (name === 'FROM') {
      const [, base, as] = /^(\S+) AS (\S+)$/.exec(rest) ?? [];
      if (base === undefined || as === undefined)
        throw new Error(`A stage without a name: ${rest}`);
      stages.push({ name: as, base, instructions: [] });
    } else {
      stages.at(-1)!.instructions.push({ name, flags, rest });
    }
  }
  return stages;
}

function readInstruction(line: string): Instruction {
  const [name = '', ...words] = line.split(' ');
  const flags: Record<string, string> = {};
  while (words[0]?.startsWith('--') === true) {
    const [flag = '', value = ''] = words.shift()!.slice(2).split('=');
    flags[flag] = value;
  }
  return { name, flags, rest: words.join(' ') };
}

/** A stage with the instructions of the stages that it is based on, before its own. */
export function withBase(stages: readonly Stage[], stage: Stage): Stage {
  const base = stages.find(({ name }) => name === stage.base);
  if (base === undefined) return stage;
  return {
    ...stage,
    instructions: [...withBase(stages, base).instructions, ...stage.instructions],
  };
}

/** The last instruction of this name in a stage, after its flags; throws when there is none. */
export function lastOf({ instructions, name: stage }: Stage, name: string): string {
  const found = instructions.findLast((each) => each.name === name);
  if (found === undefined) throw new Error(`${stage} has no ${name}`);
  return found.rest;
}

/** The variables that `ENV` sets in a stage: `NAME=value` without quotes, as in our files. */
export function environmentOf({ instructions }: Stage): Readonly<Record<string, string>> {
  const pairs = instructions
    .filter(({ name }) => name === 'ENV')
    .flatMap(({ rest }) => rest.split(' '))
    .map((pair) => pair.split('='));
  return Object.fromEntries(pairs) as Record<string, string>;
}

import type { AddCommand } from '../command.ts';
import { addPolicyCheck } from './check.ts';
import { addPolicyInit } from './init.ts';
import { addPolicyShow } from './show.ts';
import { addPolicyTest } from './test.ts';

export const addPolicy: AddCommand = (program, context) => {
  const policy = program.command('policy').description('check, test, show or create a policy');
  for (const add of [addPolicyCheck, addPolicyTest, addPolicyShow, addPolicyInit]) {
    add(policy, context);
  }
};

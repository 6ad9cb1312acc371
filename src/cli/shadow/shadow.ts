import type { AddCommand } from '../command.ts';
import { addShadowReport } from './report.ts';

export const addShadow: AddCommand = (program, context) => {
  const shadow = program.command('shadow').description('compare rules with the application');
  addShadowReport(shadow, context);
};

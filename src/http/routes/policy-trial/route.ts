import type { FastifyInstance } from 'fastify';
import type { ChangedDecision, Verdict } from '../../../authorize/replay.ts';
import type {
  ExpressionRequest,
  ExpressionTrial,
  TryExpression,
} from '../../../policy-test/try-expression.ts';
import type { TestReport, TestResult } from '../../../policy-test/run-tests.ts';
import type { Trial, TryPolicy } from '../../../policy-test/try-policy.ts';
import type { PolicyText } from '../../../policy/load-policy.ts';
import { malformed, RequestProblem, retryAfter } from '../../output/problem.ts';
import { expressionBody, maxPolicyBytes, policyBody } from './bodies.ts';
import { expressionDocs, trialFaults, tryPolicyDocs } from './docs.ts';

interface PolicyTrialDeps {
  readonly tryPolicy: TryPolicy;
  readonly tryExpression: TryExpression;
}

/** The number of failed tests, of rules without tests, and of changes that a response has. */
const maxListed = 200;

/** Adds `POST /policy/try` and `POST /policy/expression` to the operator's port. Both change nothing. */
export function addPolicyTrial(
  server: FastifyInstance,
  { tryPolicy, tryExpression }: PolicyTrialDeps,
): void {
  const policyOptions = {
    bodyLimit: maxPolicyBytes,
    schema: { body: policyBody },
    config: { body: 'json', docs: tryPolicyDocs },
  } as const;
  server.post<{ Body: { readonly files: readonly PolicyText[] } }>(
    '/policy/try',
    policyOptions,
    async (request, reply) => {
      const trial = await tryPolicy(request.body.files);
      if (trial === 'busy') throw new RequestProblem(429, trialFaults.busy, retryAfter(5));
      void reply.header('cache-control', 'no-store');
      return trialBody(trial);
    },
  );
  const expressionOptions = {
    schema: { body: expressionBody },
    config: { body: 'json', docs: expressionDocs },
  } as const;
  server.post<{ Body: ExpressionRequest }>(
    '/policy/expression',
    expressionOptions,
    async (request, reply) => {
      const trial = await tryExpression(request.body);
      if ('refused' in trial) throw malformed(trial.refused);
      void reply.header('cache-control', 'no-store');
      return expressionResponse(request.body.expression, trial);
    },
  );
}

function trialBody(trial: Trial) {
  if ('problems' in trial) return { problems: trial.problems };
  const { replayed, changes, skipped } = trial.replay;
  return {
    problems: [],
    policy: trial.hash,
    tests: testsBody(trial.tests),
    decisions: {
      replayed,
      changed: changes.length,
      changes: changes.slice(0, maxListed).map(changeBody),
      skipped: {
        not_evaluated: skipped['not-evaluated'],
        application_decides: skipped['application-decides'],
        changed_fact: skipped['changed-fact'],
        differs_now: skipped['differs-now'],
        unavailable: skipped.unavailable,
        time: skipped.time,
      },
    },
  };
}

function testsBody({ results, uncovered, notRun }: TestReport) {
  const failed = results.filter(({ problems }) => problems.length > 0);
  return {
    passed: results.length - failed.length,
    failed_count: failed.length,
    failed: failed.slice(0, maxListed).map(failureBody),
    not_run: notRun,
    uncovered: uncovered.slice(0, maxListed).map(({ pattern, kind, check }) => {
      return check === undefined ? `${pattern}: ${kind}` : `${pattern}: ${kind}: ${check}`;
    }),
  };
}

function failureBody({ file, line, title, problems }: TestResult) {
  return { at: `${file}:${line}`, title, problems };
}

function changeBody({ decision, before, after }: ChangedDecision) {
  const { decisionId, channel, principalKind: kind, principalId: id } = decision;
  return {
    decision_id: decisionId,
    channel,
    principal: kind && { kind, id },
    before: verdictBody(before),
    after: verdictBody(after),
  };
}

function verdictBody({ outcome, code, failedCheck }: Verdict) {
  return { outcome, code, failed_check: failedCheck };
}

function expressionResponse(
  expression: string,
  trial: Exclude<ExpressionTrial, { readonly refused: string }>,
) {
  const { values, missing } = trial;
  if (!('problem' in trial)) return { type: trial.type, value: trial.value, values, missing };
  const { message, offset } = trial.problem;
  const before = expression.slice(0, offset).split('\n');
  const column = (before.at(-1) ?? '').length + 1;
  return { problem: { message, line: before.length, column }, values, missing };
}

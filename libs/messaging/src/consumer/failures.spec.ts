import { expect, it } from '@jest/globals';
import { CommitUnknownError } from '@nest-arch/database';
import { AppError } from '@nest-arch/platform';
import { PermanentError } from './event-context.js';
import { DeadlineExceededError, RecordRefusedError, classify, describeFailure } from './failures.js';

const server = (code: string) => Object.assign(new Error('said "secret"'), { code, severity: 'ERROR' });

const problem = (code: string, status: number) => new AppError({ code, status, title: 'Spec' });

it.each([
  ['a lost connection', Object.assign(new Error('read'), { code: 'ECONNRESET' }), 'transient'],
  ['a commit whose outcome is unknown', new CommitUnknownError('lost'), 'transient'],
  ['a serialisation failure', server('40001'), 'transient'],
  ['a statement over its time', server('57014'), 'transient'],
  ['a handler over its time', new DeadlineExceededError('10 s'), 'transient'],
  ['an upstream that is away', problem('upstream.unavailable', 503), 'transient'],
  ['an upstream over its time', Object.assign(new Error(), { name: 'TimeoutError' }), 'transient'],
  ['a refusal by a rule', problem('profile.locked', 409), 'permanent'],
  ['a record that breaks its contract', new RecordRefusedError('schema_mismatch'), 'permanent'],
  ['what a handler gives up', new PermanentError('no'), 'permanent'],
  ['a bug', new TypeError('x is undefined'), 'unknown'],
  ['a violated constraint', server('23505'), 'unknown'],
  ['something that is no error', 'oops', 'unknown'],
  ['nothing', undefined, 'unknown'],
])('takes %s for what it is', (_, error, kind) => {
  expect(classify(error)).toBe(kind);
});

it('does not quote foreign messages, which may hold data', () => {
  expect(describeFailure(server('22P02'))).toBe('Error 22P02');
  expect(describeFailure(new TypeError('secret of undefined'))).toBe('TypeError');
  expect(describeFailure(new PermanentError('the plan is gone'))).toBe('PermanentError: the plan is gone');
  expect(describeFailure(undefined)).toBe('Error');
});

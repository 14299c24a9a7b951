import { Injectable, StandardSchemaValidationPipe } from '@nestjs/common';
import type { FieldProblem } from '../errors/app-error.js';
import { requestErrors } from '../errors/request-errors.js';

const maxReported = 20;

/**
 * Checks every `@Body`, `@Query` and `@Param` that names a schema, and hands the handler the parsed value.
 * Faults name the field; never its value, which may be a password.
 */
@Injectable()
export class ValidationPipe extends StandardSchemaValidationPipe {
  constructor() {
    super({
      exceptionFactory: (issues) =>
        requestErrors.invalid(undefined, { fields: issues.slice(0, maxReported).map(toFieldProblem) }),
    });
  }
}

interface Issue {
  readonly message: string;
  readonly keys?: readonly string[];
  readonly path?: ReadonlyArray<PropertyKey | { readonly key: PropertyKey }> | undefined;
}

function toFieldProblem(issue: Issue): FieldProblem {
  const path = (issue.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part));
  // zod reports unknown keys on their parent.
  if (issue.keys?.[0] !== undefined) path.push(issue.keys[0]);
  // An unknown field's name is the caller's own text: kept short, and it cannot carry markup into a log line.
  return { field: path.join('.').slice(0, 100), message: issue.message.slice(0, 200) };
}

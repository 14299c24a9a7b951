import { applyDecorators } from '@nestjs/common';
import { ApiOperation, ApiResponse } from '@nestjs/swagger';
import type { z } from 'zod';
import type { ErrorFactory } from '../errors/app-error.js';
import { problemMediaType } from '../errors/problem.js';
import { jsonSchemaOf } from './json-schema.js';

export interface ApiDocOptions {
  /** One line, imperative. */
  readonly summary: string;
  readonly description?: string;
  /** Status of success; 200 when not said. */
  readonly status?: number;
  /** Shape of the answer; none for 204. */
  readonly response?: z.ZodType;
  /** Media type of the answer when it is not JSON. */
  readonly mediaType?: string;
  /** What the feature itself may answer; what any route can answer is added by itself. */
  readonly problems?: readonly ErrorFactory[];
  readonly responseHeaders?: Readonly<Record<string, string>>;
}

/** The OpenAPI text of a route. */
export function ApiDoc(options: ApiDocOptions): MethodDecorator {
  const { summary, description, status = 200, response, problems = [] } = options;
  return applyDecorators(
    ApiOperation({ summary, ...(description ? { description } : {}) }),
    ApiResponse({
      status,
      description: status === 204 ? 'Done' : 'Success',
      ...(response && !options.mediaType ? { schema: jsonSchemaOf(response, 'output') } : {}),
      ...(options.mediaType ? { content: { [options.mediaType]: { schema: { type: 'string' } } } } : {}),
      ...(options.responseHeaders ? { headers: headersOf(options.responseHeaders) } : {}),
    } as Parameters<typeof ApiResponse>[0]),
    ...problemResponses(problems),
  );
}

function headersOf(headers: Readonly<Record<string, string>>) {
  return Object.fromEntries(
    Object.entries(headers).map(([name, text]) => [
      name,
      { description: text, schema: { type: 'string' as const } },
    ]),
  );
}

function problemResponses(problems: readonly ErrorFactory[]): MethodDecorator[] {
  const byStatus = Map.groupBy(problems, (problem) => problem.declaration.status);
  return [...byStatus].map(([status, entries]) =>
    ApiResponse({
      status,
      description: entries
        .map(({ declaration }) => `\`${declaration.code}\`: ${declaration.title}`)
        .join('\n\n'),
      content: {
        [problemMediaType.split(';')[0] as string]: { schema: { $ref: '#/components/schemas/Problem' } },
      },
    }),
  );
}

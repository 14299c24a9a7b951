import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { problem } from '@nest-arch/contracts';
import type { z } from 'zod';
import { type DeclaredRoute, listRoutes } from '../access/route-list.js';
import { jsonSchemaOf } from './json-schema.js';

type Operation = OpenAPIObject['paths'][string]['get'] & object;

/** The OpenAPI 3.1 document of one app, made from its routes' schemas. Internal routes are left out. */
export function createOpenApi(app: INestApplication, title: string): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle(title)
    .setVersion('1')
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT' }, 'accessToken')
    .build();
  const document = SwaggerModule.createDocument(app, config, {
    standardSchemaConverter: (schema, { schemaType }) => ({
      schema: { ...jsonSchemaOf(schema as z.ZodType, schemaType), ...markOptional(schema as z.ZodType) },
    }),
  });
  document.openapi = '3.1.0';
  document.components = { ...document.components };
  document.components.schemas = {
    ...document.components.schemas,
    Problem: jsonSchemaOf(problem, 'output') as never,
  };
  for (const route of listRoutes(app)) applyAccess(document, route);
  return document;
}

// Nest's generator calls every body required; the mark is taken off again where the operation is at hand.
const optionalMark = 'x-optional';

function markOptional(schema: z.ZodType): object {
  return schema.safeParse(undefined).success ? { [optionalMark]: true } : {};
}

function applyOptionalBody(operation: Operation): void {
  const body = operation.requestBody as
    { required?: boolean; content?: Record<string, { schema?: object }> } | undefined;
  for (const { schema } of Object.values(body?.content ?? {})) {
    if (!body || !schema || !(optionalMark in schema)) continue;
    delete schema[optionalMark];
    body.required = false;
  }
}

const commonProblems: Record<string, string> = {
  400: '`request.invalid`: The request does not have the right form',
  500: '`request.internal_error`: Something went wrong on our side',
  503: '`request.unavailable`: The service cannot answer at the moment',
};

function applyAccess(document: OpenAPIObject, route: DeclaredRoute): void {
  const path = route.path.replace(/:(\w+)/g, '{$1}');
  const operations = document.paths[path] as Record<string, Operation> | undefined;
  const operation = operations?.[route.method.toLowerCase()];
  if (!operations || !operation) return;
  if (route.access?.kind === 'internal') {
    delete operations[route.method.toLowerCase()];
    if (Object.keys(operations).length === 0) delete document.paths[path];
    return;
  }
  const needsToken = route.access?.kind !== 'public';
  applyOptionalBody(operation);
  operation.operationId = route.handler.replace('Controller.', '_');
  operation.security = needsToken ? [{ accessToken: [] }] : [];
  addProblems(
    operation,
    needsToken
      ? { ...commonProblems, 401: '`request.unauthenticated`: A valid access token is needed' }
      : commonProblems,
  );
}

function addProblems(operation: Operation, problems: Record<string, string>): void {
  for (const [status, description] of Object.entries(problems)) {
    operation.responses[status] ??= {
      description,
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
    };
  }
}

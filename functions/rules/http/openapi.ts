import * as z from 'zod/mini';
import { problemAnswer } from './answers.ts';
import { userIdParameter } from './named-user.ts';
import { operations, type DescribedId, type Operation } from './operations.ts';
import { allRoutes, isOpen, type Route } from './routes.ts';

/** The OpenAPI 3.1 document of the API, made of the list of routes and of the schemas that validate bodies and answers. */
export function openApi(): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [id, operation] of Object.entries<Operation>(operations)) {
    const { key, who } = allRoutes()[id as DescribedId];
    const [method = '', path = ''] = key.split(' ');
    (paths[path] ??= {})[method.toLowerCase()] = { operationId: id, ...described(path, who, operation) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'contact-bridge',
      version: '1',
      description: 'One MaiAgent contact for every person who opens the Web Chat.',
    },
    paths,
    components: { securitySchemes: { token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } } },
  };
}

function described(path: string, who: Route['who'], operation: Operation): Record<string, unknown> {
  const { summary, takes, example, query, header, answers } = operation;
  const parameters = [
    ...[...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({ name, in: 'path', required: true, schema: anyText })),
    ...Object.entries(query?.shape ?? {}).map(([name, one]) => ({ name, in: 'query', schema: jsonSchema(one) })),
    ...(header === undefined ? [] : [{ name: header, in: 'header', schema: anyText }]),
    ...(path.includes('{userId}') ? [userIdParameter] : []),
  ];
  const bodies = Object.entries(answers).map(
    ([status, schema]) =>
      [status, { description: status, ...(schema && content('application/json', schema)) }] as const,
  );
  return {
    summary,
    ...(!isOpen({ who }) && { security: [{ token: who === 'user' ? [] : [who] }] }),
    ...(parameters.length > 0 && { parameters }),
    ...((takes ?? example) && { requestBody: content('application/json', takes, example) }),
    responses: {
      ...Object.fromEntries(bodies),
      default: { description: 'A problem document (RFC 9457)', ...content('application/problem+json', problemAnswer) },
    },
  };
}

const anyText = { type: 'string' };

const content = (type: string, schema?: z.ZodMiniType, example?: object) => ({
  content: { [type]: { ...(schema && { schema: jsonSchema(schema) }), ...(example && { example }) } },
});

const jsonSchema = (schema: z.core.$ZodType) => z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });

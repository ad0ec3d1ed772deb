import { describe, expect, it } from 'vitest';
import { openApi, operations } from '../../../functions/rules/http/openapi.ts';
import { paths } from '../../../functions/rules/http/paths.ts';
import { routes, type Route } from '../../../functions/rules/http/routes.ts';

const document = openApi() as {
  openapi: string;
  paths: Record<
    string,
    Record<string, { security?: unknown; parameters?: { name: string }[]; requestBody?: unknown; responses: object }>
  >;
};

describe('the OpenAPI document', () => {
  it('describes every route of every job, and no other', () => {
    const keys = Object.values(routes).flatMap((ofJob) => Object.values<Route>(ofJob).map(({ key }) => key));
    const described = keys.filter((key) => key !== '$default' && !key.startsWith('OPTIONS'));
    expect(Object.keys(operations).toSorted()).toEqual(described.toSorted());
  });

  it('has every address that is known', () => {
    expect(Object.keys(document.paths).toSorted()).toEqual([...paths].toSorted());
  });

  it('says what a body takes, from the schema that validates it', () => {
    expect(document.paths['/v1/users/{userId}']?.['put']?.requestBody).toMatchObject({
      content: {
        'application/json': {
          schema: {
            properties: { name: { type: 'string' }, create: { type: 'boolean' } },
            additionalProperties: false,
          },
        },
      },
    });
  });

  it('says who may call, which parameters there are, and that a failure is a problem document', () => {
    const read = document.paths['/v1/users/{userId}/conversations']?.['get'];
    expect(read?.security).toEqual([{ token: ['contacts.read'] }]);
    expect(read?.parameters?.map(({ name }) => name)).toEqual(['userId', 'page', 'keyword']);
    expect(read?.responses).toMatchObject({ default: { content: { 'application/problem+json': {} } } });
    expect(document.openapi).toBe('3.1.0');
  });
});

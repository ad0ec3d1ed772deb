import { describe, expect, it } from 'vitest';
import { openApi } from '../../../functions/rules/http/openapi.ts';
import { operations, type Operation } from '../../../functions/rules/http/operations.ts';
import { paths } from '../../../functions/rules/http/paths.ts';
import { allRoutes } from '../../../functions/rules/http/routes.ts';
import { genericEventSchema } from '../../../functions/rules/sources/generic.ts';

const document = openApi() as {
  openapi: string;
  paths: Record<
    string,
    Record<
      string,
      {
        operationId: string;
        security?: unknown;
        parameters?: { name: string; schema: object }[];
        requestBody?: unknown;
        responses: object;
      }
    >
  >;
};

describe('the OpenAPI document', () => {
  it('describes every route of the list by its operation id, and no other', () => {
    const described = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, one]) => [one.operationId, `${method.toUpperCase()} ${path}`]),
    );
    const listed = Object.entries(allRoutes())
      .map(([id, { key }]) => [id, key])
      .filter(([id]) => !/^(preflight|answerUnknown|scim.*)$/.test(id ?? ''));
    expect(Object.fromEntries(described)).toEqual(Object.fromEntries(listed));
  });

  it.each(Object.entries<Operation>(operations).filter(([, { takes }]) => takes))(
    'has an example of %s that the route takes',
    (_, { takes, example }) => {
      expect(takes?.safeParse(example)).toMatchObject({ success: true });
    },
  );

  it('has every address that is known', () => {
    expect(Object.keys(document.paths).toSorted()).toEqual(
      [...paths].filter((path) => !path.startsWith('/scim/')).toSorted(),
    );
  });

  it('has an example of a webhook that the source generic reads', () => {
    expect(genericEventSchema.safeParse(operations.takeWebhook.example)).toMatchObject({ success: true });
  });

  it('says what a body takes, from the schema that validates it', () => {
    expect(document.paths['/v1/users/{userId}']?.['put']?.requestBody).toMatchObject({
      content: {
        'application/json': {
          schema: {
            properties: { name: { type: ['string', 'number', 'null'] }, create: { type: ['boolean', 'null'] } },
            additionalProperties: false,
          },
        },
      },
    });
  });

  it('says who may call, which parameters there are, and that a failure is a problem document', () => {
    const read = document.paths['/v1/users/{userId}/conversations']?.['get'];
    expect(read?.security).toEqual([{ token: ['contacts.read'] }]);
    expect(read?.parameters?.map(({ name }) => name)).toEqual(['userId', 'page', 'keyword', 'User-Id']);
    expect(read?.parameters?.[2]?.schema).toMatchObject({ type: 'string', maxLength: 256 });
    expect(read?.responses).toMatchObject({ default: { content: { 'application/problem+json': {} } } });
    expect(document.openapi).toBe('3.1.0');
  });
});

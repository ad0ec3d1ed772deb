import { describe, expect, it } from 'vitest';
import { decodedPath } from '../../local/runner/http/event.ts';
import { routeSelector } from '../../local/runner/http/routes.ts';

const keys = [
  'GET /v1/{proxy+}',
  'GET /v1/users/{userId}',
  'GET /v1/users/me',
  'PUT /v1/users/{userId}',
  'GET /v1/users/{proxy+}',
  'POST /v1/{kind}/list',
  'POST /v1/users/{action}',
  'GET /v1/{kind}/all/{page}',
  'GET /page.js',
  'GET /',
];

function selected(url: string, withDefault = true): [string, Record<string, string>] | undefined {
  const [method = '', path = ''] = url.split(' ');
  const select = routeSelector([...keys, ...(withDefault ? ['$default'] : [])].map((key) => ({ key })));
  const match = select(method, decodedPath(path) ?? '');
  return match && [match.route.key, { ...match.parameters }];
}

describe('the choice of a route', () => {
  it.each<[string, string, Record<string, string>]>([
    ['GET /v1/users/me', 'GET /v1/users/me', {}],
    ['GET /v1/users/sample', 'GET /v1/users/{userId}', { userId: 'sample' }],
    ['PUT /v1/users/me', 'PUT /v1/users/{userId}', { userId: 'me' }],
    ['DELETE /v1/users/sample', '$default', {}],
    ['GET /page.js', 'GET /page.js', {}],
    ['GET /page_js', '$default', {}],
    ['GET /v1/users/sample/more', 'GET /v1/users/{proxy+}', { proxy: 'sample/more' }],
    ['GET /v1/other/more', 'GET /v1/{proxy+}', { proxy: 'other/more' }],
    ['PUT /v1/users/sample/more', '$default', {}],
    ['GET /v1/users/all/2', 'GET /v1/{kind}/all/{page}', { kind: 'users', page: '2' }],
    ['POST /v1/users/list', 'POST /v1/users/{action}', { action: 'list' }],
    ['POST /v1/visitors/list', 'POST /v1/{kind}/list', { kind: 'visitors' }],
    ['GET /', 'GET /', {}],
    ['POST /', '$default', {}],
    ['GET /other', '$default', {}],
    ['GET /v1', '$default', {}],
  ])('sends %s to %s', (request, key, parameters) => {
    expect(selected(request)).toEqual([key, parameters]);
  });

  it('tells paths apart by case', () => {
    expect(selected('GET /V1/users/me')).toEqual(['$default', {}]);
  });

  it('takes a slash at the end for another path', () => {
    expect(selected('GET /v1/users/')?.[0]).toBe('GET /v1/{proxy+}');
  });

  it('finds nothing where there is no default route', () => {
    expect(selected('GET /other', false)).toBeUndefined();
  });
});

describe('the path that a route is chosen by', () => {
  it('is decoded', () => {
    expect(selected('GET /v1/users/sample%20user%2Bone')).toEqual([
      'GET /v1/users/{userId}',
      { userId: 'sample user+one' },
    ]);
  });

  it('is divided by an encoded slash', () => {
    expect(selected('GET /v1/users/a%2Fb')).toEqual(['GET /v1/users/{proxy+}', { proxy: 'a/b' }]);
  });

  it('ends at an encoded question mark', () => {
    expect(selected('GET /v1/users/me%3Fx')).toEqual(['GET /v1/users/me', {}]);
  });

  it('is no path where the encoding is broken', () => {
    expect(decodedPath('/v1/%zz')).toBeUndefined();
  });
});

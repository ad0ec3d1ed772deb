import { allRoutes } from './routes.ts';

/** Every address of the API; `{…}` stands for one segment, `{…+}` for several. Which method each takes, the gateway decides. */
export const paths = new Set(
  Object.values(allRoutes()).flatMap(({ key }) => /^(?!OPTIONS)\w+ (.+)/.exec(key)?.[1] ?? []),
);

const known = new RegExp(
  `^(${[...paths]
    .map((path) =>
      path
        .replaceAll('.', '\\.')
        .replaceAll(/\{\w+\+\}/g, '.+')
        .replaceAll(/\{\w+\}/g, '[^/]+'),
    )
    .join('|')})$`,
);

/** Whether there is anything at this address, whatever the method. */
export const isKnownPath = (path: string): boolean => known.test(path);

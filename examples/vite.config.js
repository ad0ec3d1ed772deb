import { fileURLToPath } from 'node:url';

const source = (name) => fileURLToPath(new URL(`../packages/web/${name}.ts`, import.meta.url));

// Your site installs the package; here its source stands in for it.
export default {
  server: { fs: { allow: ['..'] } },
  resolve: {
    alias: [
      { find: /^@contact-bridge\/web$/, replacement: source('index') },
      { find: /^@contact-bridge\/web\/(react|vue)$/, replacement: source('$1') },
    ],
  },
};

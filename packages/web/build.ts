import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build, transform } from 'esbuild';
import typescript from 'typescript';

// Makes dist/ from the loader's own source; `npm pack` runs it first.

const here = import.meta.dirname;
const dist = join(here, 'dist');
const options = { format: 'esm', target: 'es2020', legalComments: 'none' } as const;

/** The names of the sources in an import become those of what is made of them. */
const ofDist = (text: string) =>
  text.replaceAll("'./index.ts'", "'./index.js'").replaceAll('"./index.ts"', '"./index.js"');

await rm(dist, { recursive: true, force: true });
await build({ ...options, entryPoints: [join(here, 'index.ts')], outdir: dist, bundle: true, minify: true });
const types = await readFile(join(here, '../../browser/interface.ts'), 'utf8');
await writeFile(join(dist, 'index.d.ts'), `${types}\nexport declare const contactBridge: ContactBridge;\n`);
for (const name of ['react', 'vue']) {
  const source = await readFile(join(here, `${name}.ts`), 'utf8');
  const { code } = await transform(source, { ...options, loader: 'ts' });
  const { outputText } = typescript.transpileDeclaration(source, { fileName: `${name}.ts` });
  await writeFile(join(dist, `${name}.js`), ofDist(code));
  await writeFile(join(dist, `${name}.d.ts`), ofDist(outputText));
}

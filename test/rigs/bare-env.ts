/** What a program of ours is started with where nothing of this process's environment may reach it: where to find programs, and what Node.js has compiled before. */
export const bareEnv: Readonly<Record<string, string>> = {
  PATH: process.env['PATH'] ?? '',
  NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] ?? '',
};

import { spawn } from 'node:child_process';

// Reads "add <pid>" and "drop <pid>" until its input ends, which it does when the parent is gone, however it went.
const script = `
pids=
while read -r verb pid; do
  case $verb in
    add) pids="$pids $pid" ;;
    drop) rest=; for one in $pids; do [ "$one" = "$pid" ] || rest="$rest $one"; done; pids=$rest ;;
    end) exit 0 ;;
  esac
done
for one in $pids; do kill -9 "$one" 2>/dev/null; done
`;

/**
 * Starts the watch over a list of processes that must not outlive this one: a shell of its own session, so that neither Ctrl-C nor a SIGKILL of this process's group reaches
 * it. When this process dies without a goodbye, the shell kills what is on the list.
 */
export function startDeathwatch() {
  const shell = spawn('/bin/sh', ['-c', script], { detached: true, stdio: ['pipe', 'ignore', 'ignore'], env: {} });
  // Without a shell there is no watch, and the processes still end at every ordinary close.
  shell.on('error', () => undefined);
  shell.stdin.on('error', () => undefined);
  shell.unref();
  const say = (line: string) => void shell.stdin.write(`${line}\n`);
  return {
    add: (pid: number) => say(`add ${pid}`),
    drop: (pid: number) => say(`drop ${pid}`),
    /** Ends the watch; processes still on the list stay as they are. */
    close: () => {
      say('end');
      shell.stdin.end();
    },
  };
}

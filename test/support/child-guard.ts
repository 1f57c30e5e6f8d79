/** A child process that ends with this one, however this one ends: by a failed test, a killed runner or a crash. */
import { type ChildProcess, spawn } from 'node:child_process'

/** Returns how to say that the child has ended, so that its number may be somebody else's from now on. */
export function guard(child: ChildProcess): () => void {
  // Waits for the end of its input, which comes by itself when this process is gone. A stopped process ends by SIGKILL too.
  const watcher = spawn('/bin/sh', ['-c', `read line || kill -9 ${child.pid}`], { stdio: ['pipe', 'ignore', 'ignore'] })
  watcher.stdin.on('error', () => {})
  watcher.unref()
  return () => watcher.stdin.end('ended\n')
}

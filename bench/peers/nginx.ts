/** nginx with `proxy_cache` on tmpfs, one worker, no access log, with and without `open_file_cache`. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Target, Work } from '../harness/target.ts'
import { freePort, startProgram } from './proc.ts'

export async function startNginx(origin: number, work: Work, openFileCache: boolean): Promise<Target> {
  const port = await freePort()
  const directory = mkdtempSync('/dev/shm/bench-nginx-')
  const cache = work === 'pass' ? '' : 'proxy_cache all; proxy_cache_key $host$request_uri;'
  const files = openFileCache ? 'open_file_cache max=10000 inactive=60s;' : ''
  const config = `
daemon off; worker_processes 1; user root; pid ${directory}/pid; error_log ${directory}/error.log;
events { worker_connections 4096; }
http {
  access_log off; keepalive_requests 1000000000; keepalive_timeout 60s; sendfile on; tcp_nodelay on; ${files}
  proxy_cache_path ${directory}/cache levels=1:2 keys_zone=all:64m max_size=1g use_temp_path=off;
  client_body_temp_path ${directory}/b; proxy_temp_path ${directory}/p; fastcgi_temp_path ${directory}/f; uwsgi_temp_path ${directory}/u; scgi_temp_path ${directory}/s;
  upstream origin { server 127.0.0.1:${origin}; keepalive 256; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / { proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host; ${cache} }
  }
}`
  writeFileSync(join(directory, 'nginx.conf'), config)
  const program = await startProgram(
    ['nginx', '-p', directory, '-c', join(directory, 'nginx.conf'), '-e', join(directory, 'error.log')],
    port,
  )
  return {
    name: openFileCache ? 'nginx, open_file_cache' : 'nginx',
    port,
    age: false,
    cpu: program.cpu,
    stop: async () => {
      await program.stop()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** Runs once before all tests: what they need beside the npm packages has to be there. */
import { NGINX, REDIS, requireTool } from './tools.ts'

export function setup(): void {
  requireTool(NGINX)
  requireTool(REDIS)
}

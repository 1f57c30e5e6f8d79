/** Runs once before all tests: what they need beside the npm packages has to be there. */
import { NGINX, requireTool } from './tools.ts'

export function setup(): void {
  requireTool(NGINX)
}

/** Seconds for people: `59s`, `12m`, `5h`, `3d`; negative when over. */
export function duration(seconds: number): string {
  const whole = Math.round(Math.abs(seconds))
  return seconds < 0 && whole > 0 ? `-${inUnit(whole)}` : inUnit(whole)
}

function inUnit(seconds: number): string {
  if (seconds < 120) return `${seconds}s`
  if (seconds < 7200) return `${Math.round(seconds / 60)}m`
  if (seconds < 172_800) return `${Math.round(seconds / 3600)}h`
  return `${Math.round(seconds / 86_400)}d`
}

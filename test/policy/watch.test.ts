import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { always, open, type Site } from '../journey/site.ts'
import { until } from '../support/until.ts'
import { Folder, showing } from './folder.ts'

const CACHED = always({ 'Cache-Control': 'max-age=3600' })

const word = async (site: Site): Promise<string | undefined> => (await site.get('/')).get('x-policy')

/** Lets time pass, so that changes count as settled, until it holds. */
const meanwhile = (site: Site, holds: () => boolean): Promise<void> =>
  until(() => {
    site.clock.advance(50)
    return holds()
  })

const swaps = (site: Site): number => site.events.filter(({ message }) => message.endsWith('is in use')).length
const refusals = (site: Site): number => site.events.filter(({ message }) => message.includes('is refused')).length

const WITH_HELPER = `import { word } from './lib/word.ts'\n${showing('').replace("''", 'word')}`

describe('a watched policy', () => {
  it('is reloaded when its file is written or replaced', async () => {
    const folder = new Folder({ 'shop.ts': showing('one') })
    const site = await open(CACHED, { policyFile: folder.of('shop.ts'), watch: true })
    folder.write('shop.ts', showing('two'))
    await meanwhile(site, () => swaps(site) === 1)
    expect(await word(site)).toBe('two')
    folder.replace('shop.ts', showing('three'))
    await meanwhile(site, () => swaps(site) === 2)
    expect(await word(site)).toBe('three')
  })

  it('is reloaded when a module that it imports changes, in another folder too', async () => {
    const folder = new Folder({ 'shop.ts': WITH_HELPER })
    mkdirSync(folder.of('lib'))
    folder.write('lib/word.ts', `export const word = 'one'`)
    const site = await open(CACHED, { policyFile: folder.of('shop.ts'), watch: true })
    expect(await word(site)).toBe('one')
    folder.replace('lib/word.ts', `export const word = 'two'`)
    await meanwhile(site, () => swaps(site) === 1)
    expect(await word(site)).toBe('two')
  })

  it('is reloaded for a module that the newest version imports, and no more for one that it does not', async () => {
    const folder = new Folder({ 'shop.ts': showing('one') })
    mkdirSync(folder.of('lib'))
    folder.write('lib/word.ts', `export const word = 'two'`)
    const site = await open(CACHED, { policyFile: folder.of('shop.ts'), watch: true })
    folder.write('shop.ts', WITH_HELPER)
    await meanwhile(site, () => swaps(site) === 1)
    folder.write('lib/word.ts', `export const word = 'three'`)
    await meanwhile(site, () => swaps(site) === 2)
    expect(await word(site)).toBe('three')
  })

  it('serves on with what it has while the file is broken, and goes on when what was missing appears', async () => {
    const folder = new Folder({ 'shop.ts': showing('one') })
    const site = await open(CACHED, { policyFile: folder.of('shop.ts'), watch: true })
    folder.write('shop.ts', WITH_HELPER.replace('./lib/word', './word'))
    await meanwhile(site, () => refusals(site) === 1)
    expect(await word(site)).toBe('one')
    folder.write('word.ts', `export const word = 'two'`)
    await meanwhile(site, () => swaps(site) === 1)
    expect(await word(site)).toBe('two')
  })

  it('stays as it is when a change leaves the same policy', async () => {
    const folder = new Folder({ 'shop.ts': showing('one') })
    const site = await open(CACHED, { policyFile: folder.of('shop.ts'), watch: true })
    folder.write('shop.ts', `// the same\n${showing('one')}`)
    folder.write('shop.ts', showing('one'))
    await meanwhile(site, () => site.clock.now() > 5000)
    expect(swaps(site)).toBe(0)
    folder.write('shop.ts', showing('two'))
    await meanwhile(site, () => swaps(site) === 1)
    expect(site.server.policies.list().map(({ name }) => name)).toEqual(['shop', 'shop-2'])
  })

  it('follows links as Kubernetes swaps them', async () => {
    const folder = new Folder({})
    const version = (name: string, text: string): void => {
      mkdirSync(folder.of(name))
      writeFileSync(folder.of(`${name}/shop.ts`), text)
    }
    version('..1', showing('one'))
    symlinkSync('..1', folder.of('..data'))
    symlinkSync('..data/shop.ts', folder.of('shop.ts'))
    const site = await open(CACHED, { policyFile: folder.of('shop.ts'), watch: true })
    version('..2', showing('two'))
    symlinkSync('..2', folder.of('..new'))
    renameSync(folder.of('..new'), folder.of('..data'))
    await meanwhile(site, () => swaps(site) === 1)
    expect(await word(site)).toBe('two')
  })
})

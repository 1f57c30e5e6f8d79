/** Finds `clearcoat.config.ts`, runs it and takes what it says. */
import { existsSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { relative, resolve } from 'node:path'
import { ConfigError } from '../config/config-error.ts'
import { type ConfigValues, configValues, defineConfig } from '../config/config-values.ts'
import { CONFIG_OPTION } from '../config/options.ts'
import { type OptionTexts, resolveOption } from '../config/resolve.ts'
import { bundlePolicy, evaluateModule } from '../policy/load.ts'
import { PolicyLoadError } from '../policy/load-error.ts'
import { SourceTree } from './lint/source-tree.ts'

const NAMES = ['clearcoat.config.ts', 'clearcoat.config.mts', 'clearcoat.config.js', 'clearcoat.config.mjs']

/** What the file says that `--config` names or, without it, the one in `folder`; `null`: there is none. Rejects with a `ConfigError`. */
export async function configFile(options: Pick<OptionTexts, 'flags' | 'env'>, folder: string): Promise<ConfigValues | null> {
  const { value: asked, origin } = resolveOption(CONFIG_OPTION, CONFIG_OPTION.flag, options)
  if (asked === 'off') return null
  const file = asked === null ? found(folder) : resolve(folder, asked)
  if (file === null) return null
  const name = shownPath(file, folder)
  if (!existsSync(file))
    throw new ConfigError({ what: `the configuration file ${name} cannot be used`, why: 'there is no such file', how: `correct ${origin}` })
  try {
    return await read(file, name, folder)
  } catch (error) {
    throw error instanceof PolicyLoadError ? inConfig(error, name, folder) : error
  }
}

function found(folder: string): string | null {
  const [file = null] = NAMES.map((name) => resolve(folder, name)).filter((path) => existsSync(path))
  return file
}

async function read(file: string, name: string, folder: string): Promise<ConfigValues> {
  const bundle = await bundlePolicy(file, 'configuration')
  const exports: { readonly default?: unknown } = evaluateModule(bundle, provide)
  return configValues(exports.default, {
    file,
    name,
    placeOf: (path) => {
      const place = new SourceTree(bundle).placeOfKey(path)
      return place === null ? name : `${shownPath(place.file, folder)}:${place.line}:${place.column}`
    },
  })
}

function provide(name: string): unknown {
  if (name === 'clearcoat') return { defineConfig }
  if (isBuiltin(name)) return process.getBuiltinModule(name)
  throw new Error(
    `a configuration cannot import ${JSON.stringify(name)}; it imports defineConfig of clearcoat, node: modules, files and packages`,
  )
}

function inConfig(error: PolicyLoadError, name: string, folder: string): ConfigError {
  const where = error.line === null ? '' : `${shownPath(error.file, folder)}:${error.line}:${error.column ?? 1}: `
  return new ConfigError({ what: `the configuration file ${name} cannot be used`, why: `${where}${error.reason}`, how: 'correct it there' })
}

/** From the folder, unless that is the longer way. */
export function shownPath(file: string, folder: string): string {
  const way = relative(folder, file)
  return way === '' || way.startsWith('..') ? file : way
}

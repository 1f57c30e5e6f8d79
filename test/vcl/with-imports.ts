/** VCL with two backends and those VMODs imported that it uses. */
const MODULES = ['blob', 'cookie', 'directors', 'header', 'purge', 'saintmode', 'std', 'str', 'var', 'vsthrottle', 'xkey']

export function withImports(text: string): string {
  const used = MODULES.filter((name) => new RegExp(`\\b${name}\\.`).test(text))
  return `vcl 4.1;
${used.map((name) => `import ${name};\n`).join('')}backend default { .host = "127.0.0.1"; .port = "8000"; }
backend second { .host = "127.0.0.2"; .port = "8000"; }
${text}`
}

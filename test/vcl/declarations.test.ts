import { describe, expect, it } from 'vitest'
import { readVcl } from '../../src/vcl/front.ts'
import { accepted, refused } from './rig.ts'

/** Without what says where it stands. */
function plain(value: object | undefined): unknown {
  const { span, leading, trailing, inner, blankBefore, closing, attributeComments, kind, ...rest } = value as Record<string, unknown>
  return rest
}

describe('a backend', () => {
  it('has all of its attributes', () => {
    const { backends } = accepted(`probe p { .url = "/"; } backend proxy { .host = "p.example"; }
      backend b {
        .host = "b.example"; .port = "8080"; .host_header = "h"; .connect_timeout = 1s; .first_byte_timeout = 2m; .between_bytes_timeout = 500ms;
        .max_connections = 10; .wait_limit = 5; .wait_timeout = 3s; .proxy_header = 2; .preamble = :Zm9v:; .via = proxy; .authority = "a";
        .probe = p; .ssl = true; .ssl_sni = "sni"; .ssl_noverify = 1; .ssl_verify_peer = false; .ssl_verify_host = 0;
      } unused b;`)
    const b = backends.get('b')
    expect(plain({ ...b, probe: b?.probe?.name })).toEqual({
      name: 'b',
      none: false,
      host: 'b.example',
      port: '8080',
      path: null,
      hostHeader: 'h',
      connectTimeout: 1,
      firstByteTimeout: 120,
      betweenBytesTimeout: 0.5,
      maxConnections: 10,
      waitLimit: 5,
      waitTimeout: 3,
      proxyHeader: 2,
      preamble: 'Zm9v',
      via: 'proxy',
      authority: 'a',
      probe: 'p',
      ssl: true,
      sslSni: 'sni',
      sslNosni: null,
      sslNoverify: true,
      sslVerifyPeer: false,
      sslVerifyHost: false,
    })
  })

  it.each([
    ['"192.0.2.1:81"', '192.0.2.1', '81'],
    ['"[2001:db8::1]:82"', '2001:db8::1', '82'],
    ['"[2001:db8::1]"', '2001:db8::1', null],
    ['"2001:db8::1"', '2001:db8::1', null],
    ['"www 83"', 'www', '83'],
    ['"www.example"', 'www.example', null],
  ])('may name its port with its host: %s', (host, name, port) => {
    const { defaultBackend } = accepted('', { backend: `backend default { .host = ${host}; } ` })
    expect([defaultBackend?.host, defaultBackend?.port]).toEqual([name, port])
  })

  it('may be a socket', () => {
    expect(accepted('', { backend: 'backend default { .path = "/run/app.sock"; } ' }).defaultBackend).toMatchObject({
      path: '/run/app.sock',
      host: null,
    })
  })

  it('keeps the comments of its attributes', () => {
    const { defaultBackend } = accepted('', { backend: 'backend default {\n# why\n.host = "x"; # t\n}\n' })
    expect(defaultBackend?.attributeComments.get('host')).toMatchObject({ leading: [{ text: ' why' }], trailing: [{ text: ' t' }] })
  })

  it.each([
    ['backend ‹default› { .port = "80"; }', 'the backend ‘default’ has neither .host nor .path', 'add .host = "192.0.2.1";'],
    ['backend default { .host = "x"; .‹prot› = "80"; }', 'a backend has no attribute .prot', 'did you mean .port?'],
    ['backend default { .host = "x"; .port = ‹80›; }', '.port is a text in quotes', 'write "80"'],
    ['backend default { .host = ‹x›; }', '.host is a text in quotes', 'write "x"'],
    ['backend default { .host = "x"; .‹host› = "y"; }', '.host is given twice', 'remove one of both'],
    ['backend default { .host = ‹"http://x/"›; }', '"http://x/" is no host: a name or an address', 'leave out the scheme and the path'],
    ['backend default { .host = "x"; .port = ‹"99999"›; }', '"99999" is no port', null],
    ['backend default { .host = "x"; .connect_timeout = ‹5›; }', '.connect_timeout is a duration, such as 2s', 'write 5s'],
    ['backend default { .host = "x"; .max_connections = ‹"5"›; }', '.max_connections is a whole number', null],
    ['backend default { .host = "x"; .proxy_header = ‹3›; }', '.proxy_header is from 1 to 2', null],
    ['backend default { .host = "x"; .probe = ‹p›; }', 'there is no probe ‘p’', null],
    ['backend default { .host = "x"; .probe = ‹"p"›; }', '.probe is the name of a probe, or a probe in braces', null],
    ['backend default { .host = "x"; .via = ‹p›; }', 'there is no backend ‘p’', null],
    [
      'backend v { .host = "v"; .via = w; } backend w { .host = "w"; } backend default { .host = "x"; .via = ‹v›; }',
      '‘v’ has a .via of its own, and they do not stack',
      null,
    ],
    [
      'backend v { .host = "v"; } backend default { .host = "192.0.2.1"; .via = ‹v›; }',
      'with .via the authority is a name, not 192.0.2.1',
      'add .authority = "www.example";',
    ],
    ['backend default { .host = "x"; .path = ‹"/x"›; }', 'a backend has .host or .path, not both', null],
    ['backend default { .path = ‹"x"›; }', 'the path of a socket begins with / or @', null],
    ['backend default { ‹set› .host = "x"; }', 'attributes are written without ‘set’', 'write .name = value;'],
    ['backend default { .host = "x"‹› }', '‘;’ is missing after .host; found ‘}’', null],
    ['backend default ‹{› .host = "x";', 'the attributes that begin here have no end', 'close them with ‘}’'],
    ['backend ‹1› { }', 'the name of the backend is missing; found ‘1’', null],
  ])('is refused: %s', (backend, reason, hint) => {
    refused('', reason, hint, { backend })
  })

  it('is a socket from VCL 4.1 on', () => {
    refused('', '.path is there from VCL 4.1 on', 'begin the file with vcl 4.1;', {
      backend: 'backend default { .path = ‹"/x"›; }',
      version: '4.0',
    })
  })
})

describe('a probe', () => {
  it('has all of its attributes', () => {
    const { probes } =
      accepted(`probe default { .request = "GET / HTTP/1.1" "Host: x"; .expected_response = 204; .timeout = 1s; .interval = 10s;
      .window = 4; .threshold = 2; .initial = 1; .expect_close = false; }`)
    expect(plain(probes.get('default'))).toEqual({
      name: 'default',
      url: null,
      request: ['GET / HTTP/1.1', 'Host: x'],
      expectedResponse: 204,
      timeout: 1,
      interval: 10,
      window: 4,
      threshold: 2,
      initial: 1,
      expectClose: false,
    })
  })

  it('has a window that is one longer than the threshold where only that is given', () => {
    expect(accepted('probe default { .threshold = 5; }').probes.get('default')).toMatchObject({ window: 6, threshold: 5 })
  })

  it.each([
    ['.url = "/"; .request = ‹"x"›;', 'a probe has .url or .request, not both'],
    ['.window = ‹5›;', '.window needs .threshold beside it'],
    ['.window = 5; .threshold = ‹6›;', '.threshold cannot be greater than .window'],
    ['.window = ‹65›; .threshold = 1;', '.window is from 1 to 64'],
    ['.expected_response = ‹20›;', '.expected_response is from 100 to 999'],
    ['.expect_close = ‹1›;', '.expect_close is true or false'],
    ['.‹urll› = "/";', 'a probe has no attribute .urll'],
    ['.interval = ‹"5s"›;', '.interval is a duration, such as 2s'],
  ])('is refused: %s', (attributes, reason) => {
    refused(`probe default { ${attributes} }`, reason)
  })
})

describe('an ACL', () => {
  it('has addresses in one form, and masks', () => {
    const { acls } = accepted(
      'acl a +log -fold { "10"; "192.168"/16; !"192.168.7.0"/24; "2001:DB8:0:0::"/32; ("maybe.example"); "localhost"; } unused a;',
    )
    const acl = acls.get('a')
    expect([acl?.log, acl?.fold, acl?.pedantic, acl?.table]).toEqual([true, false, true, false])
    expect(
      acl?.entries.map(({ host, mask, negated, isAddress, optional }) => [negated ? '!' : '', host, mask, isAddress, optional]),
    ).toEqual([
      ['', '10.0.0.0', 8, true, false],
      ['', '192.168.0.0', 16, true, false],
      ['!', '192.168.7.0', 24, true, false],
      ['', '2001:db8::', 32, true, false],
      ['', 'maybe.example', null, false, true],
      ['', 'localhost', null, false, false],
    ])
  })

  it('may have bits behind a mask if it is not pedantic', () => {
    expect(accepted('acl a -pedantic { "10.1.2.3"/8; } unused a;').acls.get('a')?.entries[0]).toMatchObject({ host: '10.0.0.0', mask: 8 })
  })

  it.each([
    ['{ ‹"10.0.0.0"›/33; }', 'the mask /33 is longer than an IPv4 address', 'at most /32'],
    ['{ ‹"::1"›/129; }', 'the mask /129 is longer than an IPv6 address', 'at most /128'],
    ['{ ‹"10.1.2.3"›/8; }', '10.1.2.3 has bits behind its mask of /8', 'write "10.0.0.0"/8'],
    ['{ ‹"..."›; }', '"..." is no address and no name', undefined],
    ['{ ‹"1.2.3.4.5"›; }', '"1.2.3.4.5" is no address and no name', undefined],
    ['{ "10.0.0.0"/8; ‹! "10.0.0.0"/8;› }', '10.0.0.0/8 is both on this list and excepted from it', 'remove one of both'],
    ['{ "1.2.3.4"/‹"8"›; }', 'a mask is a number of bits; found the text "8"', null],
    ['{ ‹"1.2.3.4/x"›; }', 'the mask "x" is no number of bits', null],
    ['{ "1.2.3.4/32"‹/›32; }', 'an entry has one mask', null],
    ['{ ("x"‹;› }', '‘)’ is missing after the entry; found ‘;’', null],
    ['{ ‹x›; }', 'an entry is an address or a name in quotes; found ‘x’', null],
    ['+‹lgo› { }', 'ACLs have no flag ‘lgo’', undefined],
    ['-fold‹(›report) { }', 'only +fold has flags of its own', null],
    ['+fold(‹log›) { }', '+fold has no flag ‘log’', 'the only one is report'],
    ['‹{› "x";', 'the ACL that begins here has no end', 'close it with ‘}’'],
  ])('is refused: %s', (body, reason, hint) => {
    refused(`unused a; acl a ${body}`, reason, hint)
  })
})

describe('a program', () => {
  it('keeps the comments of its version line and at its end, each once', () => {
    const { program } = readVcl({ name: 'x', text: '# what it is\nvcl 4.1; # version\n# of it\nbackend default none;\n# last' })
    expect(program?.opening.map(({ text }) => text)).toEqual([' what it is', ' version'])
    expect(program?.declarations.map(({ kind, leading }) => [kind, ...leading.map(({ text }) => text)])).toEqual([['backend', ' of it']])
    expect(program?.closing.map(({ text }) => text)).toEqual([' last'])
  })

  it('keeps its declarations in their order, and of others the comments', () => {
    const { declarations } = accepted('import std; # why\nacl a { } unused a; # of a\nsub vcl_recv { } sub vcl_recv { }')
    expect(declarations.map((item) => item.kind)).toEqual(['backend', 'import', 'acl', 'comments', 'sub', 'sub'])
  })
})

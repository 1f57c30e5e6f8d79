/** VCLs for the statements of the language, each with what it is about. */
import { withImports } from './with-imports.ts'

export const STATEMENT_VCLS: Readonly<Record<string, string>> = {
  branches: `sub vcl_recv {
  set req.backend_hint = second;
  if (req.url == "/a") {
    set req.http.X = "a";
  } elseif (req.url == "/b") {
    set req.http.X = "b";
  } elsif (req.url == "/c") { set req.http.X = "c"; }
  elif (req.url == "/d") { set req.http.X = "d"; }
  else if (req.url == "/e") { set req.http.X = "e"; }
  else {
    set req.http.X = "other";
  }
  { set req.http.Y = "block"; }
}`,
  subs: `sub one { set req.http.X = req.http.X + "1"; if (req.url == "/leave") { return; } set req.http.X = req.http.X + "+"; }
sub two { call one; if (req.url == "/end") { return (synth(403, "ended")); } }
sub vcl_recv { set req.backend_hint = second; call two; set req.http.X = req.http.X + "3"; }
sub vcl_recv { set req.http.X = req.http.X + "4"; call one; }`,
  assignments: `sub vcl_recv {
  set req.backend_hint = second;
  set req.http.A = "x";
  set req.http.A += "y";
  set req.http.B = req.http.Unset;
  unset req.http.C;
  set req.url += "&more";
  set req.http.D = req.http.D + "!";
}
sub vcl_backend_response {
  set beresp.ttl = 10s;
  set beresp.ttl += 5s;
  set beresp.ttl *= 2;
  set beresp.ttl -= 10s;
  set beresp.ttl /= 2;
  set beresp.http.TTL = beresp.ttl;
  set beresp.status = beresp.status + 1;
}`,
  synthetic: `sub vcl_recv {
  set req.backend_hint = second;
  if (req.url == "/go") { return (synth(750, "https://elsewhere.example/é")); }
  if (req.url == "/unmade") { return (synth(799)); }
  if (req.url == "/plain") { return (synth(418)); }
  if (req.url == "/fail") { return (fail("no")); }
  return (synth(404, "Not " + req.http.X-What));
}
sub vcl_synth {
  if (resp.status == 750) {
    set resp.http.Location = resp.reason;
    set resp.status = 302;
    return (deliver);
  }
  if (resp.status == 418) {
    synthetic("<p>" + resp.status + " Grüße, " + req.http.X-What + "</p>");
    set resp.http.Content-Type = "text/html; charset=utf-8";
    return (deliver);
  }
}`,
  errors: `sub vcl_backend_fetch { if (bereq.url == "/abandon") { return (abandon); } if (bereq.url == "/error") { return (error(503, "Closed")); } }
sub vcl_backend_response { if (beresp.status == 500 && bereq.retries < 2) { return (retry); } if (beresp.status == 502) { return (error(503)); } }
sub vcl_backend_error {
  set beresp.http.X-Error = beresp.status + " " + beresp.reason;
  set beresp.body = "sorry";
  return (deliver);
}
sub vcl_recv { set req.backend_hint = second; }`,
  restarts: `sub vcl_recv { set req.backend_hint = second; set req.http.X-Restarts = req.restarts; }
sub vcl_deliver { if (resp.status == 404 && req.restarts == 0) { set req.url = "/found"; return (restart); } }`,
  hooks: `sub vcl_recv { set req.backend_hint = second; if (req.url == "/pipe") { return (pipe); } if (req.url == "/pass") { return (pass); } return (hash); }
sub vcl_hash { hash_data(req.http.X-Tenant); }
sub vcl_hit { if (req.http.X-Again) { return (pass); } }
sub vcl_miss { set req.http.X-Miss = "1"; return (fetch); }
sub vcl_pass { set req.http.X-Pass = "1"; return (fetch); }
sub vcl_pipe { set bereq.http.X-Pipe = "1"; return (pipe); }
sub vcl_purge { return (synth(200, "Gone")); }
sub vcl_deliver { return (deliver); }
sub vcl_backend_fetch { set bereq.http.X-Way = bereq.http.X-Miss + "/" + bereq.http.X-Pass; return (fetch); }
sub vcl_backend_refresh { return (merge); }
sub vcl_backend_response { set beresp.ttl = 1m; return (deliver); }`,
  hashes: `sub vcl_recv { set req.backend_hint = second; }
sub vcl_hash {
  hash_data(req.url);
  if (req.http.X-Short) { return (lookup); }
  hash_data(req.http.host);
  hash_data(req.http.X-Tenant);
  return (lookup);
}
sub vcl_backend_response { set beresp.ttl = 1m; }`,
  steps: `sub vcl_recv { set req.backend_hint = second; }
sub vcl_req_cookie { if (req.http.Cookie !~ "session") { return; } }
sub vcl_req_method { if (req.method == "PURGE") { return (purge); } }
sub vcl_builtin_recv { set req.http.X-Builtin = "1"; }
sub vcl_beresp_cookie { if (beresp.http.Set-Cookie ~ "^harmless=") { unset beresp.http.Set-Cookie; } }
sub vcl_beresp_stale { if (beresp.http.X-Keep) { set beresp.ttl = 1m; } }`,
  client: `sub vcl_recv { set req.backend_hint = second; }
sub vcl_backend_fetch { set bereq.http.X-From = client.ip + " " + server.ip + " " + local.endpoint; }`,
  throttled: `sub vcl_recv {
  set req.backend_hint = second;
  if (vsthrottle.is_denied(client.ip, 2, 10s)) { return (synth(429)); }
  vsthrottle.return_token(client.ip, 2, 10s); vsthrottle.remove_bucket(client.ip, 2, 10s);
}`,
  purged: `sub vcl_recv { set req.backend_hint = second; if (req.method == "PURGE") { set req.http.n = xkey.purge(req.http.xkey) + xkey.softpurge("x"); return (synth(200, req.http.n)); } }
sub vcl_hit { set req.http.n = purge.hard(); }
sub vcl_miss { purge.soft(0s, -1s, -1s); }`,
  comments: `# about recv
/* and more
 * of it */
sub vcl_recv {
  // first
  set req.backend_hint = second; # why

  /* inline */
  if (req.url == "/a") { # a branch
    set req.http.X = "a";
    # the end of it
  }
  # the last word
}`,
}

export function statementVcl(name: keyof typeof STATEMENT_VCLS): string {
  return withImports(STATEMENT_VCLS[name] ?? '')
}
